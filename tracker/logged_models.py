"""The lives of logged models: create, finish, delete, tags and params."""

from collections.abc import Mapping

from django.db import IntegrityError
from django.utils import timezone

from tracker import audit
from tracker.errors import Invalid, NotFound
from tracker.keys import quoted
from tracker.lifecycle import artifact_root, now_ms
from tracker.models import (
    Experiment,
    LoggedModel,
    LoggedModelParam,
    LoggedModelStatus,
    LoggedModelTag,
    What,
)
from tracker.models.logged_models import new_model_id
from tracker.names import invented_name
from tracker.recording import EMPTY
from tracker.transactions import atomically


@atomically
def create(
    experiment: Experiment,
    *,
    name: str = "",
    model_type: str = "",
    source_run_id: str = "",
    params: Mapping[str, str] = EMPTY,
    tags: Mapping[str, str] = EMPTY,
) -> LoggedModel:
    """A model whose files are yet to come. Names are not unique; an unknown source is kept.

    Raises Invalid for a deleted experiment.
    """
    experiment.must_be_active()
    eid = new_model_id()
    now = now_ms()
    model = LoggedModel.objects.create(
        project_id=experiment.project_id,
        experiment=experiment,
        eid=eid,
        name=name or invented_name(),
        model_type=model_type,
        source_run_id=source_run_id,
        artifact_uri=f"{artifact_root(experiment)}/models/{eid}/artifacts",
        created_ms=now,
        updated_ms=now,
    )
    LoggedModelParam.objects.bulk_create(param_rows(model, params))
    LoggedModelTag.objects.bulk_create(tag_rows(model, tags))
    return model


def set_status(model: LoggedModel, status: LoggedModelStatus) -> None:
    """Any status may follow any other."""
    model.status, model.updated_ms = status, now_ms()
    model.save(update_fields=["status", "updated_ms"])


def delete(model: LoggedModel) -> None:
    """Hide it; again is nothing."""
    rows = LoggedModel.objects.filter(pk=model.pk, deleted_at=None)
    if rows.update(deleted_at=timezone.now(), updated_ms=now_ms()):
        audit.record(What.DELETED, project=model.project, about=model)


def log_params(model: LoggedModel, params: Mapping[str, str]) -> None:
    """Params are written once, and only once. Raises Invalid for a key that is there."""
    try:
        _log_params(model, params)
    except IntegrityError:
        known = model.params.filter(key__in=list(params)).order_by("key").first()
        key = known.key if known else ""
        raise Invalid(
            f"The param {quoted(key)} of logged model {model.eid} is written already."
        ) from None


@atomically
def _log_params(model: LoggedModel, params: Mapping[str, str]) -> None:
    LoggedModelParam.objects.bulk_create(param_rows(model, params))


def set_tags(model: LoggedModel, tags: Mapping[str, str]) -> None:
    """The last write wins."""
    LoggedModelTag.objects.bulk_create(
        tag_rows(model, tags),
        update_conflicts=True,
        unique_fields=["model", "key"],
        update_fields=["value"],
    )


def delete_tag(model: LoggedModel, key: str) -> None:
    deleted, _ = LoggedModelTag.objects.filter(model=model, key=key).delete()
    if not deleted:
        raise NotFound(f"No tag with key {quoted(key)} found for model {model.eid}.")


def param_rows(model: LoggedModel, params: Mapping[str, str]) -> list[LoggedModelParam]:
    return [
        LoggedModelParam(model=model, key=key, value=params[key])
        for key in sorted(params)
    ]


def tag_rows(model: LoggedModel, tags: Mapping[str, str]) -> list[LoggedModelTag]:
    return [
        LoggedModelTag(model=model, key=key, value=tags[key]) for key in sorted(tags)
    ]
