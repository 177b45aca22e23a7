"""What is known of a candidate besides its numbers: code, CI, data, models, host."""

from typing import NamedTuple
from urllib.parse import urlsplit

from tracker import documents
from tracker.ci import PROVIDERS
from tracker.models import (
    Candidate,
    CIBuild,
    DatasetUse,
    LoggedModel,
    ModelUse,
)
from tracker.recording import RUN_NAME

NOTE = "mlflow.note.content"
SYSTEM_PREFIX = "mlflow."
# Names under which scripts tell where they ran; MLflow itself does not.
HOSTS = ("host", "hostname", "node", "mlflow.host", "HOSTNAME")


class Fact(NamedTuple):
    """A line of About: an icon, a label, and what is known, linked where it can be."""

    icon: str
    label: str
    text: str
    url: str = ""
    more: str = ""
    is_code: bool = False


class Tagged(NamedTuple):
    """A tag as a page shows it."""

    key: str
    value: str


def safe_url(url: str) -> str:
    """Tags are anybody's text: only addresses of the web become links."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def source(tags: dict[str, str]) -> list[Fact]:
    """The script, and its commit where no CI build tells more."""
    facts = []
    if name := tags.get("mlflow.source.name"):
        kind = tags.get("mlflow.source.type", "").lower()
        facts.append(Fact("file", "Source", name, more="" if kind == "local" else kind))
    if point := tags.get("mlflow.project.entryPoint"):
        facts.append(Fact("right", "Entry point", point))
    return facts


def code(tags: dict[str, str], build: CIBuild | None) -> list[Fact]:
    commit = (build.commit if build else "") or tags.get("mlflow.source.git.commit", "")
    branch = (build.branch if build else "") or tags.get("mlflow.source.git.branch", "")
    repository = tags.get("mlflow.source.git.repoURL", "")
    facts = []
    if commit:
        dirty = tags.get("mlflow.source.git.dirty", "").lower()
        state = {"true": "with changes", "false": "clean"}.get(dirty, "")
        facts.append(
            Fact(
                "commit",
                "Commit",
                commit[:8],
                url=safe_url(build.commit_url) if build else "",
                more=", ".join(filter(None, [state, f"on {branch}" if branch else ""])),
                is_code=True,
            )
        )
    elif branch:
        facts.append(Fact("commit", "Branch", branch))
    if repository:
        facts.append(Fact("folder", "Repository", repository, url=safe_url(repository)))
    return facts


def ci(build: CIBuild | None) -> list[Fact]:
    """Job, pipeline, change and person, each where the tags name it."""
    if build is None:
        return []
    facts = []
    if build.job_id or build.job_name:
        facts.append(
            Fact(
                "gate",
                "Job",
                build.job_name or build.job_id,
                url=safe_url(build.job_url),
                more=build.job_id if build.job_name else "",
            )
        )
    if build.pipeline_id:
        facts.append(
            Fact(
                "rows", "Pipeline", build.pipeline_id, url=safe_url(build.pipeline_url)
            )
        )
    if build.change_id:
        mark = "!" if build.provider == "gitlab" else "#"
        facts.append(
            Fact(
                "merge",
                "Request",
                f"{mark}{build.change_id.lstrip('!#')}",
                url=safe_url(build.change_url),
                more=build.change_title,
            )
        )
    if build.user or build.user_name:
        facts.append(
            Fact(
                "user",
                "Started by",
                build.user_name or build.user,
                url=safe_url(build.user_url),
                more=build.user if build.user_name else "",
            )
        )
    return facts


def host(tags: dict[str, str]) -> list[Fact]:
    name = next((tags[key] for key in HOSTS if tags.get(key)), "")
    return [Fact("host", "Host", name)] if name else []


class Read(NamedTuple):
    """A dataset as the candidate used it."""

    number: int  # the first that it read is 1
    name: str
    digest: str
    context: str
    source: str
    url: str


def datasets(candidate: Candidate) -> list[Read]:
    """Two queries."""
    uses = (
        DatasetUse.objects.filter(candidate=candidate)
        .select_related("dataset")
        .defer("dataset__schema", "dataset__profile")
        .prefetch_related("tags")
        .order_by("pk")[:100]
    )
    return [read_of(use, number) for number, use in enumerate(uses, start=1)]


def read_of(use: DatasetUse, number: int) -> Read:
    tags = {tag.key: tag.value for tag in use.tags.all()}
    where = place_of(use.dataset.source)
    return Read(
        number=number,
        name=use.dataset.name,
        digest=use.dataset.digest,
        context=tags.get("mlflow.data.context", ""),
        source=where,
        url=safe_url(where),
    )


def place_of(source: str) -> str:
    """Where a dataset comes from: MLflow keeps a JSON text with one of these in it."""
    try:
        known = documents.parsed(source)
    except ValueError:
        return source[:300]
    if not isinstance(known, dict):
        return str(known)[:300]
    for key in ("uri", "url", "path", "table_name", "tags"):
        if isinstance(known.get(key), str):
            return str(known[key])[:300]
    return ""


class Made(NamedTuple):
    """A model that the candidate logged or read."""

    eid: str
    name: str
    kind: str
    step: int
    is_input: bool
    is_ours: bool = False  # made by this candidate, which has its files


def models(candidate: Candidate) -> list[Made]:
    """Two queries; a use may name a model that nobody knows."""
    uses = list(ModelUse.objects.filter(candidate=candidate).order_by("pk")[:100])
    known = {
        model.eid: model
        for model in LoggedModel.objects.alive().filter(
            project=candidate.project_id, eid__in=[use.model_eid for use in uses]
        )
    }
    found = []
    for use in uses:
        model = known.get(use.model_eid)
        found.append(
            Made(
                eid=use.model_eid,
                name=model.name if model else use.model_eid,
                kind=model.model_type if model else "",
                step=use.step,
                is_input=use.direction == ModelUse.Direction.INPUT,
                is_ours=bool(model and model.source_run_id == candidate.eid),
            )
        )
    return found


def is_system(key: str) -> bool:
    """Set by MLflow or by a CI job: what it means is shown elsewhere."""
    return key.startswith(SYSTEM_PREFIX) or key.partition(".")[0] in PROVIDERS


def own_tags(tags: dict[str, str]) -> list[Tagged]:
    """Those that people and scripts chose."""
    return [
        Tagged(key, value) for key, value in sorted(tags.items()) if not is_system(key)
    ]


def system_tags(tags: dict[str, str]) -> list[Tagged]:
    """The others; name and note have places of their own."""
    return [
        Tagged(key, value)
        for key, value in sorted(tags.items())
        if is_system(key) and key not in (NOTE, RUN_NAME)
    ]
