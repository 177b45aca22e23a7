"""What is kept."""

from tracker.models.access import (
    AccessToken,
    FailedSignIn,
    Invitation,
    Membership,
    Project,
    Role,
    User,
    Visibility,
)
from tracker.models.audit import AuditEvent, What
from tracker.models.candidates import (
    Candidate,
    DiscardedSeries,
    Metric,
    Param,
    Point,
    Tag,
    Tile,
)
from tracker.models.ci import CIBuild
from tracker.models.datasets import Dataset, DatasetUse, DatasetUseTag
from tracker.models.experiments import (
    Experiment,
    ExperimentTag,
    Key,
    Kind,
    Recount,
    Tally,
)
from tracker.models.iid import Counter
from tracker.models.jobs import Job, Worker
from tracker.models.logged_models import (
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelStatus,
    LoggedModelTag,
    ModelUse,
)
from tracker.models.pages import Action, MetricRules, SavedView, ShortLink, Star
from tracker.models.registry import (
    Alias,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelTag,
)
from tracker.models.states import State, Status

__all__ = [
    "AccessToken",
    "Action",
    "Alias",
    "AuditEvent",
    "CIBuild",
    "Candidate",
    "Counter",
    "Dataset",
    "DatasetUse",
    "DatasetUseTag",
    "DiscardedSeries",
    "Experiment",
    "ExperimentTag",
    "FailedSignIn",
    "Invitation",
    "Job",
    "Key",
    "Kind",
    "LoggedModel",
    "LoggedModelMetric",
    "LoggedModelParam",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Membership",
    "Metric",
    "MetricRules",
    "ModelUse",
    "ModelVersion",
    "ModelVersionTag",
    "Param",
    "Point",
    "Project",
    "Recount",
    "RegisteredModel",
    "RegisteredModelTag",
    "Role",
    "State",
    "SavedView",
    "ShortLink",
    "Star",
    "Status",
    "Tag",
    "Tally",
    "Tile",
    "User",
    "Visibility",
    "What",
    "Worker",
]
