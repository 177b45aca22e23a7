"""Recognising the CI job and commit behind a candidate from its tags.

A script sets `gitlab.CI_JOB_ID`, `github.GITHUB_RUN_ID` and the like: the CI system's
name, then one of its environment variables. Tags are claims of whoever writes them:
texts are cut to fit, only web addresses become links, and nothing here ever raises.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from tracker.models import Candidate, CIBuild

Facts = Mapping[str, str]

NEUTRAL = "ci"
GIT_COMMIT = "mlflow.source.git.commit"
GIT_BRANCH = "mlflow.source.git.branch"
GIT_REPOSITORY = "mlflow.source.git.repoURL"

FIELDS = {
    field.name: field.max_length or 0
    for field in CIBuild._meta.local_fields
    if field.name not in ("id", "candidate", "is_verified")
}
LINKS = [name for name in FIELDS if name.endswith("_url")]

# What scripts send for a variable that is not set.
UNSET = frozenset({"", "None", "null", "undefined", "false"})


class Provider(NamedTuple):
    """A CI system: which variables fill which fields, best first, and its links."""

    fields: dict[str, str]
    links: Callable[[Facts], dict[str, str]]


# ---------------------------------------------------------------- links of each


def gitlab_links(env: Facts) -> dict[str, str]:
    project = web_address(env.get("CI_PROJECT_URL", ""))
    change_project = web_address(env.get("CI_MERGE_REQUEST_PROJECT_URL", "")) or project
    server = web_address(env.get("CI_SERVER_URL", "")) or origin(project)
    # In branch pipelines: up to four, as group/project!12.
    change = env.get("CI_MERGE_REQUEST_IID") or number_after(
        "!", env.get("CI_OPEN_MERGE_REQUESTS", "")
    )
    return {
        "job_url": below(project, "-/jobs", env.get("CI_JOB_ID")),
        "pipeline_url": below(project, "-/pipelines", env.get("CI_PIPELINE_ID")),
        "change_id": change,
        "change_url": below(change_project, "-/merge_requests", change),
        "commit_url": below(project, "-/commit", env.get("CI_COMMIT_SHA")),
        "user_url": below(server, "", env.get("GITLAB_USER_LOGIN")),
    }


def github_links(env: Facts) -> dict[str, str]:
    server = web_address(env.get("GITHUB_SERVER_URL", "https://github.com"))
    project = (
        f"{server}/{env['GITHUB_REPOSITORY']}" if "GITHUB_REPOSITORY" in env else ""
    )
    run = below(project, "actions/runs", env.get("GITHUB_RUN_ID"))
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    if attempt != "1":
        run = below(run, "attempts", attempt)
    ref = env.get("GITHUB_REF", "")
    change = number_after("refs/pull/", ref)
    return {
        "job_url": run,
        "pipeline_url": run,
        "change_id": change,
        "change_url": below(project, "pull", change),
        "commit_url": below(project, "commit", env.get("GITHUB_SHA")),
        "branch": ref.removeprefix("refs/heads/") if not change else "",
        "user_url": below(
            server, "", env.get("GITHUB_TRIGGERING_ACTOR") or env.get("GITHUB_ACTOR")
        ),
    }


def jenkins_links(env: Facts) -> dict[str, str]:
    return {"commit_url": commit_page(env.get("GIT_URL", ""), env.get("GIT_COMMIT"))}


def circleci_links(env: Facts) -> dict[str, str]:
    change = env.get("CIRCLE_PULL_REQUEST", "")
    return {
        "change_id": number_after("/pull/", change),
        "commit_url": commit_page(
            env.get("CIRCLE_REPOSITORY_URL", ""), env.get("CIRCLE_SHA1")
        ),
    }


def buildkite_links(env: Facts) -> dict[str, str]:
    build, job = env.get("BUILDKITE_BUILD_URL", ""), env.get("BUILDKITE_JOB_ID", "")
    repository = env.get("BUILDKITE_REPO", "")
    return {
        "job_url": f"{build}#{job}" if job else build,
        "change_url": below(
            web_repository(repository), "pull", env.get("BUILDKITE_PULL_REQUEST")
        ),
        "commit_url": commit_page(repository, env.get("BUILDKITE_COMMIT")),
    }


def azure_links(env: Facts) -> dict[str, str]:
    collection = env.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI") or env.get(
        "SYSTEM_COLLECTIONURI", ""
    )
    project, build = env.get("SYSTEM_TEAMPROJECT"), env.get("BUILD_BUILDID")
    results = below(web_address(collection), "", project)
    page = (
        f"{results}/_build/results?buildId={quote(build)}" if results and build else ""
    )
    return {
        "job_url": page,
        "pipeline_url": page,
        "commit_url": commit_page(
            env.get("BUILD_REPOSITORY_URI", ""), env.get("BUILD_SOURCEVERSION")
        ),
        "branch": env.get("BUILD_SOURCEBRANCH", "").removeprefix("refs/heads/"),
    }


def bitbucket_links(env: Facts) -> dict[str, str]:
    project = web_repository(env.get("BITBUCKET_GIT_HTTP_ORIGIN", ""))
    page = below(project, "pipelines/results", env.get("BITBUCKET_BUILD_NUMBER"))
    return {
        "job_url": page,
        "pipeline_url": page,
        "change_url": below(project, "pull-requests", env.get("BITBUCKET_PR_ID")),
        "commit_url": below(project, "commits", env.get("BITBUCKET_COMMIT")),
    }


# ---------------------------------------------------------------- the tables

PROVIDERS = {
    "gitlab": Provider(
        {
            "job_id": "CI_JOB_ID",
            "job_name": "CI_JOB_NAME",
            "job_url": "CI_JOB_URL",
            "pipeline_id": "CI_PIPELINE_ID CI_PIPELINE_IID",
            "pipeline_url": "CI_PIPELINE_URL",
            "change_id": "CI_MERGE_REQUEST_IID",
            "change_title": "CI_MERGE_REQUEST_TITLE",
            "commit": "CI_COMMIT_SHA",
            "branch": "CI_COMMIT_BRANCH CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"
            " CI_COMMIT_REF_NAME",
            "user": "GITLAB_USER_LOGIN",
            "user_name": "GITLAB_USER_NAME",
        },
        gitlab_links,
    ),
    "github": Provider(
        {
            "job_id": "GITHUB_JOB",
            "job_name": "GITHUB_JOB",
            "pipeline_id": "GITHUB_RUN_ID",
            "commit": "GITHUB_SHA",
            "branch": "GITHUB_HEAD_REF",
            "user": "GITHUB_TRIGGERING_ACTOR GITHUB_ACTOR",
        },
        github_links,
    ),
    "jenkins": Provider(
        {
            "job_id": "BUILD_TAG",
            "job_name": "JOB_NAME",
            "job_url": "BUILD_URL",
            "pipeline_id": "BUILD_NUMBER",
            "pipeline_url": "BUILD_URL",
            "change_id": "CHANGE_ID",
            "change_title": "CHANGE_TITLE",
            "change_url": "CHANGE_URL",
            "commit": "GIT_COMMIT",
            "branch": "CHANGE_BRANCH BRANCH_NAME GIT_BRANCH",
            "user": "CHANGE_AUTHOR BUILD_USER_ID BUILD_USER",
            "user_name": "CHANGE_AUTHOR_DISPLAY_NAME BUILD_USER",
        },
        jenkins_links,
    ),
    "circleci": Provider(
        {
            "job_id": "CIRCLE_BUILD_NUM",
            "job_name": "CIRCLE_JOB",
            "job_url": "CIRCLE_BUILD_URL",
            "pipeline_id": "CIRCLE_WORKFLOW_ID",
            "change_id": "CIRCLE_PR_NUMBER",
            "change_url": "CIRCLE_PULL_REQUEST",
            "commit": "CIRCLE_SHA1",
            "branch": "CIRCLE_BRANCH",
            "user": "CIRCLE_USERNAME",
        },
        circleci_links,
    ),
    "buildkite": Provider(
        {
            "job_id": "BUILDKITE_JOB_ID",
            "job_name": "BUILDKITE_LABEL",
            "pipeline_id": "BUILDKITE_BUILD_NUMBER",
            "pipeline_url": "BUILDKITE_BUILD_URL",
            "change_id": "BUILDKITE_PULL_REQUEST",
            "commit": "BUILDKITE_COMMIT",
            "branch": "BUILDKITE_BRANCH",
            "user": "BUILDKITE_BUILD_CREATOR",
        },
        buildkite_links,
    ),
    "azure": Provider(
        {
            "job_id": "SYSTEM_JOBID",
            "job_name": "SYSTEM_JOBDISPLAYNAME",
            "pipeline_id": "BUILD_BUILDID",
            "change_id": "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"
            " SYSTEM_PULLREQUEST_PULLREQUESTID",
            "commit": "BUILD_SOURCEVERSION",
            "user": "BUILD_REQUESTEDFOR",
        },
        azure_links,
    ),
    "bitbucket": Provider(
        {
            "job_id": "BITBUCKET_STEP_UUID",
            "pipeline_id": "BITBUCKET_PIPELINE_UUID BITBUCKET_BUILD_NUMBER",
            "change_id": "BITBUCKET_PR_ID",
            "commit": "BITBUCKET_COMMIT",
            "branch": "BITBUCKET_BRANCH",
            "user": "BITBUCKET_STEP_TRIGGERER_UUID",
        },
        bitbucket_links,
    ),
    # The same fields in the words of CIBuild, for systems that are not in this list.
    NEUTRAL: Provider({name: name for name in FIELDS}, lambda env: {}),
}

# ---------------------------------------------------------------- verbs


def concerns(tags: Facts) -> bool:
    """Whether any of these tags says something about CI."""
    return any(
        key.partition(".")[0] in PROVIDERS or key.startswith("mlflow.source.git.")
        for key in tags
    )


def fill(candidate: Candidate, tags: Facts | None = None) -> None:
    """Write down what the candidate's tags say about its CI job; forget it if they do not.

    `tags` are all of them; without, they are read.
    """
    if tags is None:
        tags = dict(candidate.tags.values_list("key", "value"))
    facts = recognised(tags)
    if not facts:
        CIBuild.objects.filter(candidate=candidate).delete()
        return
    # What a server has confirmed stands until the tags say something else.
    if not CIBuild.objects.filter(candidate=candidate, **facts).exists():
        CIBuild.objects.update_or_create(
            candidate=candidate,
            defaults={**dict.fromkeys(FIELDS, ""), **facts, "is_verified": False},
        )


def recognised(tags: Facts) -> dict[str, str]:
    """CIBuild's columns as the tags fill them; empty where no CI system is named."""
    columns: dict[str, str] = {}
    for name, provider in PROVIDERS.items():
        env = variables(name, tags)
        found = stated(provider, env) if env else {}
        # The first system that is named, and what the neutral words add.
        if found and not columns:
            columns = {"provider": name, **found}
        elif name == NEUTRAL:
            columns = {**found, **columns}
    if columns:
        complete_from_git(columns, tags)
    return fitting(columns)


def variables(provider: str, tags: Facts) -> dict[str, str]:
    prefix = f"{provider}."
    said = {
        key.removeprefix(prefix): value.strip()
        for key, value in tags.items()
        if key.startswith(prefix)
    }
    # `$CI_JOB_ID` is what is left of a variable that nobody filled in.
    return {
        name: value
        for name, value in said.items()
        if value not in UNSET and value.strip("${}") != name
    }


def stated(provider: Provider, env: Facts) -> dict[str, str]:
    """What the variables say outright, then what their links add."""
    outright = {
        field: next(env[name] for name in names.split() if name in env)
        for field, names in provider.fields.items()
        if any(name in env for name in names.split())
    }
    implied = {field: text for field, text in provider.links(env).items() if text}
    return {**implied, **outright}


def complete_from_git(columns: dict[str, str], tags: Facts) -> None:
    """MLflow's own tags know the commit of a script that runs in a git checkout."""
    commit, branch = tags.get(GIT_COMMIT, ""), tags.get(GIT_BRANCH, "")
    if commit:
        columns.setdefault("commit", commit)
    if branch:
        columns.setdefault("branch", branch)
    if page := commit_page(tags.get(GIT_REPOSITORY, ""), columns.get("commit")):
        columns.setdefault("commit_url", page)


def fitting(columns: Facts) -> dict[str, str]:
    kept = {
        name: web_address(text) if name in LINKS else text[: FIELDS[name]]
        for name, text in columns.items()
    }
    return {name: text for name, text in kept.items() if text}


# ---------------------------------------------------------------- addresses

MAX_ADDRESS_CHARS = 2000
# git@host:group/project.git
SSH_REPOSITORY = re.compile(
    r"(?:ssh://)?[\w.-]+@(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>.+)"
)
COMMIT_PATHS = {"github": "commit", "gitlab": "-/commit", "bitbucket": "commits"}


def web_address(text: str) -> str:
    """A link that is safe to show: http or https, without a password; else nothing."""
    if len(text) > MAX_ADDRESS_CHARS or not text.isprintable() or " " in text:
        return ""
    try:
        address = urlsplit(text)
        host, port = address.hostname, address.port
    except ValueError:
        return ""
    if address.scheme not in ("http", "https") or not host:
        return ""
    if ":" in host:
        host = f"[{host}]"
    place = f"{host}:{port}" if port else host
    return urlunsplit(address._replace(netloc=place)).rstrip("/")


def web_repository(remote: str) -> str:
    """The page of a git remote; nothing where none can be made out."""
    if ssh := SSH_REPOSITORY.fullmatch(remote):
        remote = f"https://{ssh['host']}/{ssh['path']}"
    return web_address(remote).removesuffix(".git")


def commit_page(remote: str, commit: str | None) -> str:
    repository = web_repository(remote)
    host = urlsplit(repository).hostname or ""
    for name, path in COMMIT_PATHS.items():
        if name in host:
            return below(repository, path, commit)
    return ""


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def below(address: str, path: str, name: str | None) -> str:
    """An address below another; nothing where either end is unknown."""
    if not (address and name):
        return ""
    return "/".join(filter(None, [address, path, quote(name, safe="")]))


def number_after(mark: str, text: str) -> str:
    found = re.search(re.escape(mark) + r"(\d+)", text, re.ASCII)
    return found[1] if found else ""
