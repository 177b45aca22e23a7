"""The few lines that log what makes a candidate reproducible. Shown, and run by a test."""

from typing import NamedTuple

from dashboard.snippets import Code


class Recipe(NamedTuple):
    """One thing to log: why, and how."""

    id: str
    title: str
    why: str
    code: Code


CODE = """\
import subprocess

def git(*words):
    return subprocess.run(["git", *words], capture_output=True, text=True).stdout.strip()

changes = git("diff", "HEAD")
mlflow.set_tags({
    "mlflow.source.git.commit": git("rev-parse", "HEAD"),
    "mlflow.source.git.branch": git("branch", "--show-current"),
    "mlflow.source.git.repoURL": git("remote", "get-url", "origin"),
    "mlflow.source.git.dirty": str(bool(changes)).lower(),
})
if changes:
    mlflow.log_text(changes, "code/uncommitted.diff")
mlflow.log_artifact(__file__, "code")
"""

PACKAGES = """\
import sys
from importlib.metadata import distributions

names = sorted(f"{d.name}=={d.version}" for d in distributions())
mlflow.log_text("\\n".join(names) + "\\n", "pip-freeze.txt")
mlflow.log_text(f"python: {sys.version.split()[0]}\\n", "python_env.yaml")
"""

MACHINE = """\
import os
import platform

mlflow.set_tags({
    "host": platform.node(),
    "os": platform.platform(),
    "cpu_count": os.cpu_count(),
})

# With PyTorch:
# mlflow.set_tags({"gpu": torch.cuda.get_device_name(0),
#                  "gpus": torch.cuda.device_count(),
#                  "cuda": torch.version.cuda})
"""

SYSTEM = """\
# pip install psutil, and nvidia-ml-py for NVIDIA GPUs
mlflow.enable_system_metrics_logging()
mlflow.set_system_metrics_sampling_interval(10)

with mlflow.start_run():
    train()
"""

DATA = """\
data = mlflow.data.from_pandas(frame, source="s3://labels/v3.parquet", name="labels-v3")
mlflow.log_input(data, context="train")
"""

SEED = """\
import random

seed = 7
random.seed(seed)
mlflow.log_param("seed", seed)
"""

TOTAL = """\
mlflow.log_param("total_steps", 10_000)
"""

RECIPES = [
    Recipe(
        "code",
        "The code",
        "MLflow logs the commit when a script runs inside a Git repository and GitPython"
        " is installed. This logs it everywhere, with what was not committed and the"
        " script itself.",
        Code("python", CODE),
    ),
    Recipe(
        "packages",
        "The packages",
        "Models bring a requirements.txt with them. A candidate without a model shows"
        " its packages once this list is there, and comparing tells which version"
        " changed.",
        Code("python", PACKAGES),
    ),
    Recipe(
        "data",
        "The data",
        "A dataset has a digest, so that two candidates that read the same name but"
        " other rows can be told apart.",
        Code("python", DATA),
    ),
    Recipe(
        "seed",
        "The seed",
        "A parameter called seed, random_seed, random_state, or one that ends in _seed."
        " Candidates that differ only there are repeats of one configuration.",
        Code("python", SEED),
    ),
    Recipe(
        "machine",
        "The machine",
        "Tags with these names show on the candidate's page under Code & environment.",
        Code("python", MACHINE),
    ),
    Recipe(
        "system",
        "What the machine did",
        "CPU, memory, disk, network and GPU as curves on the System tab, logged by the"
        " client in the background.",
        Code("python", SYSTEM),
    ),
    Recipe(
        "progress",
        "How far it is",
        "With a total the page of a running candidate shows how much is done and how"
        " long it will take. total_steps, max_steps and epochs are known names.",
        Code("python", TOTAL),
    ),
]
