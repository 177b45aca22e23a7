"""A training loop: a thousand steps, ten metrics at each."""

import sys

import mlflow

mlflow.set_experiment(sys.argv[1])

with mlflow.start_run() as run:
    for step in range(1000):
        mlflow.log_metrics(
            {f"metric_{number}": step * number / 10 for number in range(10)}, step=step
        )

print(run.info.run_id)
