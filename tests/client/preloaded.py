"""What the nursery imports once, before it forks."""

import os

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import matplotlib

matplotlib.use("Agg")

import pandas  # noqa: F401
import sklearn.ensemble
import sklearn.linear_model
import sklearn.model_selection  # noqa: F401
from mlflow.utils import environment


def usual(*_, **__):
    raise LookupError("not asked for: the usual ones will do")


# The client would start one more Python for each model, to see what it imports there.
environment._infer_requirements = usual
