"""Every call of the client that Tracker answers, one function for each row of a table."""

import os
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
os.environ["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = "false"
os.environ["MLFLOW_DISABLE_ENV_CREATION"] = "true"

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient, MlflowException

NAME = sys.argv[1]
ROWS = {}
HERE = Path(tempfile.mkdtemp())
client = MlflowClient()
DATASET = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="little")
X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])


def row(number):
    def keep(function):
        ROWS[number] = function
        return function

    return keep


def refused(code, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except MlflowException as problem:
        assert problem.error_code == code, problem
    else:
        raise AssertionError("it was not refused")


class world:
    """What earlier rows leave for later ones."""

    experiment = run = model = None
