"""What a training of the sample leaves beside its numbers: files, and a model."""

from collections.abc import Iterable
from random import Random

from artifacts import ingest
from artifacts.paths import Place
from tracker import inputs, logged_models
from tracker.inputs import ModelOutput
from tracker.management.demo import files
from tracker.management.demo.training import STEPS, Setup
from tracker.models import Candidate, LoggedModel, LoggedModelStatus


def keep(owner: Candidate | LoggedModel, path: str, content: bytes) -> None:
    ingest.receive(Place(owner, path), [content], size_bytes=len(content))


def training(chance: Random, candidate: Candidate, setup: Setup) -> LoggedModel:
    """Everything that a training which ran to its end writes."""
    matrix = files.confusions(chance, setup.ceiling)
    left = {
        "plots/confusion_matrix.png": files.confusion_matrix(matrix),
        "reports/per_class.csv": files.report(matrix),
        "predictions.json": files.predictions(chance, matrix),
        "config.json": files.readable(setup.params),
        "logs/train.log": printed(candidate),
        "evaluation/confusion_matrix.csv": files.labelled(matrix),
        "evaluation/roc.csv": files.roc(setup.ceiling),
        "evaluation/importance.csv": files.importances(chance),
        "code/train.py": files.script(setup.params),
        "pip-freeze.txt": files.packages(setup.depth > 18),
    }
    for path, content in left.items():
        keep(candidate, path, content)
    samples(chance, candidate, (0, 50, 199))
    return model(
        candidate,
        f"resnet{setup.depth}",
        flavor="pytorch",
        params={"depth": str(setup.depth), "classes": "10"},
    )


def samples(chance: Random, candidate: Candidate, steps: Iterable[int]) -> None:
    """Pictures that grow clearer from step to step."""
    for step in steps:
        picture = files.samples(chance, 0.08 + 0.92 * step / STEPS)
        keep(candidate, f"samples/step_{step:03}.png", picture)


def printed(candidate: Candidate) -> bytes:
    """What the script printed."""
    metrics = {metric.key: metric for metric in candidate.metrics.all()}
    lines: Iterable[str] = (
        f"epoch {step:3}/{STEPS}  checkpoint written" for step in range(0, STEPS, 10)
    )
    summary = "\n".join(
        f"{key}: {metric.value:g} (best {metric.max_value:g})"
        for key, metric in sorted(metrics.items())
        if metric.max_value is not None
    )
    return ("\n".join(lines) + f"\n\n{summary}\n").encode()


def model(
    candidate: Candidate, name: str, *, flavor: str, params: dict[str, str]
) -> LoggedModel:
    """A logged model, with the files that describe one; its weights are left out."""
    made = logged_models.create(
        candidate.experiment,
        name=name,
        source_run_id=candidate.eid,
        params=params,
        tags={"mlflow.user": candidate.user_id},
    )
    keep(made, "MLmodel", mlmodel(made, flavor))
    keep(made, "requirements.txt", f"mlflow\n{flavor}\n".encode())
    inputs.log_outputs(candidate, [ModelOutput(made.eid)])
    logged_models.set_status(made, LoggedModelStatus.READY)
    return made


def mlmodel(made: LoggedModel, flavor: str) -> bytes:
    return (
        f"artifact_path: {made.artifact_uri}\n"
        "flavors:\n"
        f"  {flavor}:\n"
        "    code: null\n"
        "  python_function:\n"
        f"    loader_module: mlflow.{flavor}\n"
        "    python_version: 3.11.7\n"
        f"model_id: {made.eid}\n"
        f"run_id: {made.source_run_id}\n"
        "signature:\n"
        '  inputs: \'[{"name": "image", "type": "tensor"}]\'\n'
        '  outputs: \'[{"name": "class", "type": "long"}]\'\n'
    ).encode()
