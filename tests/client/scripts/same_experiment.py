"""What each of several jobs does that start at the same time."""

import sys

import mlflow

print(mlflow.set_experiment(sys.argv[1]).experiment_id)
