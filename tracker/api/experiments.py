"""Experiments, as MLflow's client sees them."""

from typing import Any

from tracker.api.endpoint import Call, endpoint
from tracker.api.wire import Message, Text, filled
from tracker.models import Experiment, Role


def experiment(row: Experiment) -> dict[str, Any]:
    """An experiment on the wire. Prefetch its tags."""
    return filled(
        experiment_id=str(row.iid),
        name=row.name,
        artifact_location=row.artifact_location or f"mlflow-artifacts:/{row.iid}",
        lifecycle_stage="deleted" if row.is_deleted else "active",
        creation_time=row.created_ms,
        last_update_time=row.updated_ms,
        tags=[{"key": tag.key, "value": tag.value} for tag in row.tags.all()],
    )


class Get(Message):
    experiment_id: Text


@endpoint("GET", Get, needs=Role.READER)
def get(call: Call, asked: Get) -> dict[str, Any]:
    return {"experiment": experiment(call.experiment(asked.experiment_id))}
