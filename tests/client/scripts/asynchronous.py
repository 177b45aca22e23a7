"""Two hundred metrics from four threads, without waiting for any."""

import sys
import threading

import mlflow

mlflow.set_experiment(sys.argv[1])
with mlflow.start_run() as run:

    def work(thread):
        for step in range(50):
            mlflow.log_metric(
                "shared",
                thread * 50 + step,
                step=thread * 50 + step,
                synchronous=False,
                run_id=run.info.run_id,
            )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mlflow.flush_async_logging()

print(run.info.run_id)
