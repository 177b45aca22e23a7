"""Three seconds of the machine's own metrics."""

import sys
import time

import mlflow

mlflow.set_experiment(sys.argv[1])
mlflow.set_system_metrics_sampling_interval(1)
with mlflow.start_run(log_system_metrics=True) as run:
    time.sleep(3.5)

print(run.info.run_id)
