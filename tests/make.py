"""Small worlds."""

from io import BytesIO
from itertools import count

from PIL import Image

from tracker import lifecycle, logged_models, new_versions, recording, registry
from tracker.models import (
    Candidate,
    Dataset,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    LoggedModel,
    Membership,
    ModelVersion,
    Project,
    RegisteredModel,
    Role,
    Status,
    User,
)

_numbers = count(1)


def project(slug: str = "", **fields) -> Project:
    return lifecycle.create_project(slug or f"project-{next(_numbers)}", **fields)


def user(name: str, **fields) -> User:
    return User.objects.create_user(name, password="a long enough password", **fields)


def member(project: Project, name: str, role: Role) -> User:
    someone = user(name)
    Membership.objects.create(project=project, user=someone, role=role)
    return someone


def experiment(project: Project, name: str = "", **fields) -> Experiment:
    return lifecycle.create_experiment(
        project, name or f"experiment {next(_numbers)}", **fields
    )


def candidate(
    experiment: Experiment, *, metrics=None, params=None, tags=None, points=(), **fields
) -> Candidate:
    """A candidate with `metrics={"acc": 0.9}` at step 0, and `points` as they are."""
    made = lifecycle.create_candidate(experiment, tags=tags or {}, **fields)
    rows = [
        recording.Point(key, value, 1_000, 0) for key, value in (metrics or {}).items()
    ]
    recording.log_batch(made, metrics=[*rows, *points], params=params or {})
    return made


def candidates(experiment: Experiment, number: int, **fields) -> list[Candidate]:
    return [candidate(experiment, **fields) for _ in range(number)]


def finished(experiment: Experiment, **fields) -> Candidate:
    return finish(candidate(experiment, **fields))


def finish(
    candidate: Candidate, status: str = Status.FINISHED, seconds: int = 60
) -> Candidate:
    ended = candidate.started_ms + seconds * 1000
    return lifecycle.update_candidate(candidate, status=status, ended_ms=ended)


def points(key: str, *values: float) -> list[recording.Point]:
    """A series with these values, a millisecond and a step apart."""
    return [recording.Point(key, v, 1000 + i, i) for i, v in enumerate(values)]


def logged_model(experiment: Experiment, **fields) -> LoggedModel:
    return logged_models.create(experiment, **fields)


def registered_model(project: Project, name: str = "", **fields) -> RegisteredModel:
    return registry.register(project, name or f"model {next(_numbers)}", **fields)


def version(
    model: RegisteredModel, source: str = "s3://bucket/path", **fields
) -> ModelVersion:
    return new_versions.add(model, source, **fields)


def reads(candidate, *, context="", **described):
    """As the client logs it: schema and profile are JSON in a text."""
    fields = {"name": "labels-v3", "digest": "91ac07d", "source_type": "http"}
    dataset, _ = Dataset.objects.get_or_create(
        experiment=candidate.experiment, **(fields | described)
    )
    use = DatasetUse.objects.create(candidate=candidate, dataset=dataset)
    if context:
        DatasetUseTag.objects.create(use=use, key="mlflow.data.context", value=context)


def picture(width: int = 40, height: int = 30, form: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


def something_of_each(experiment: Experiment) -> dict[str, str]:
    """What calls of the API can name, by the names of their fields.

    There are a run, a logged model, and version 1 of the model "churn" with an alias.
    """
    run = candidate(experiment, metrics={"loss": 1.0}, params={"lr": "1"})
    model = logged_model(experiment, name="clf", source_run_id=run.eid)
    churn = registered_model(lifecycle.default_project(), "churn")
    registry.set_alias(version(churn), "champion")
    return {
        "experiment_id": str(experiment.iid),
        "run_id": run.eid,
        "run_uuid": run.eid,
        "model_id": model.eid,
        "metric_key": "loss",
        "experiment_name": experiment.name,
    }
