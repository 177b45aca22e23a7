"""Recognising CI jobs: what each system's tags become."""

import pytest

from tests import make
from tracker import ci
from tracker.models import CIBuild

GITLAB = "https://gitlab.example.com/ml/vision"
GITHUB = "https://github.com/ml/vision"


def named(provider, **env):
    return {f"{provider}.{name}": value for name, value in env.items()}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param(
            {"gitlab.CI_JOB_ID": "77"},
            {"provider": "gitlab", "job_id": "77"},
            id="GitLab, the one line of its documentation",
        ),
        pytest.param(
            named(
                "gitlab",
                CI_JOB_ID="77",
                CI_JOB_NAME="train",
                CI_JOB_URL=f"{GITLAB}/-/jobs/77",
                CI_PIPELINE_ID="5",
                CI_PIPELINE_URL=f"{GITLAB}/-/pipelines/5",
                CI_PROJECT_URL=GITLAB,
                CI_MERGE_REQUEST_IID="12",
                CI_MERGE_REQUEST_TITLE="Try a wider net",
                CI_MERGE_REQUEST_SOURCE_BRANCH_NAME="wider",
                CI_COMMIT_SHA="abc",
                CI_COMMIT_REF_NAME="refs/merge-requests/12/head",
                GITLAB_USER_LOGIN="ann",
                GITLAB_USER_NAME="Ann Lee",
            ),
            {
                "provider": "gitlab",
                "job_id": "77",
                "job_name": "train",
                "job_url": f"{GITLAB}/-/jobs/77",
                "pipeline_id": "5",
                "pipeline_url": f"{GITLAB}/-/pipelines/5",
                "change_id": "12",
                "change_title": "Try a wider net",
                "change_url": f"{GITLAB}/-/merge_requests/12",
                "commit": "abc",
                "commit_url": f"{GITLAB}/-/commit/abc",
                "branch": "wider",
                "user": "ann",
                "user_name": "Ann Lee",
                "user_url": "https://gitlab.example.com/ann",
            },
            id="GitLab, a merge request",
        ),
        pytest.param(
            named(
                "gitlab",
                CI_JOB_ID="77",
                CI_PIPELINE_ID="5",
                CI_PROJECT_URL=GITLAB,
                CI_COMMIT_BRANCH="main",
                CI_OPEN_MERGE_REQUESTS="ml/vision!12,ml/vision!13",
            ),
            {
                "provider": "gitlab",
                "job_id": "77",
                "job_url": f"{GITLAB}/-/jobs/77",
                "pipeline_id": "5",
                "pipeline_url": f"{GITLAB}/-/pipelines/5",
                "change_id": "12",
                "change_url": f"{GITLAB}/-/merge_requests/12",
                "branch": "main",
            },
            id="GitLab, links from numbers alone",
        ),
        pytest.param(
            named(
                "github",
                GITHUB_JOB="train",
                GITHUB_RUN_ID="9",
                GITHUB_RUN_ATTEMPT="2",
                GITHUB_SERVER_URL="https://github.com",
                GITHUB_REPOSITORY="ml/vision",
                GITHUB_REF="refs/pull/7/merge",
                GITHUB_HEAD_REF="wider",
                GITHUB_SHA="abc",
                GITHUB_ACTOR="ann",
            ),
            {
                "provider": "github",
                "job_id": "train",
                "job_name": "train",
                "job_url": f"{GITHUB}/actions/runs/9/attempts/2",
                "pipeline_id": "9",
                "pipeline_url": f"{GITHUB}/actions/runs/9/attempts/2",
                "change_id": "7",
                "change_url": f"{GITHUB}/pull/7",
                "commit": "abc",
                "commit_url": f"{GITHUB}/commit/abc",
                "branch": "wider",
                "user": "ann",
                "user_url": "https://github.com/ann",
            },
            id="GitHub, a pull request",
        ),
        pytest.param(
            named("github", GITHUB_RUN_ID="9", GITHUB_REF="refs/heads/main"),
            {"provider": "github", "pipeline_id": "9", "branch": "main"},
            id="GitHub, a branch",
        ),
        pytest.param(
            named(
                "jenkins",
                BUILD_TAG="jenkins-train-4",
                JOB_NAME="train",
                BUILD_NUMBER="4",
                BUILD_URL="https://ci.example.com/job/train/4/",
                CHANGE_ID="7",
                CHANGE_URL=f"{GITHUB}/pull/7",
                CHANGE_BRANCH="wider",
                GIT_COMMIT="abc",
                GIT_URL="git@github.com:ml/vision.git",
                CHANGE_AUTHOR="ann",
            ),
            {
                "provider": "jenkins",
                "job_id": "jenkins-train-4",
                "job_name": "train",
                "job_url": "https://ci.example.com/job/train/4",
                "pipeline_id": "4",
                "pipeline_url": "https://ci.example.com/job/train/4",
                "change_id": "7",
                "change_url": f"{GITHUB}/pull/7",
                "commit": "abc",
                "commit_url": f"{GITHUB}/commit/abc",
                "branch": "wider",
                "user": "ann",
            },
            id="Jenkins",
        ),
        pytest.param(
            named(
                "circleci",
                CIRCLE_BUILD_NUM="4",
                CIRCLE_JOB="train",
                CIRCLE_BUILD_URL="https://circleci.com/gh/ml/vision/4",
                CIRCLE_WORKFLOW_ID="w-1",
                CIRCLE_PULL_REQUEST=f"{GITHUB}/pull/7",
                CIRCLE_SHA1="abc",
                CIRCLE_BRANCH="wider",
                CIRCLE_USERNAME="ann",
            ),
            {
                "provider": "circleci",
                "job_id": "4",
                "job_name": "train",
                "job_url": "https://circleci.com/gh/ml/vision/4",
                "pipeline_id": "w-1",
                "change_id": "7",
                "change_url": f"{GITHUB}/pull/7",
                "commit": "abc",
                "branch": "wider",
                "user": "ann",
            },
            id="CircleCI",
        ),
        pytest.param(
            named(
                "buildkite",
                BUILDKITE_JOB_ID="j-1",
                BUILDKITE_LABEL="train",
                BUILDKITE_BUILD_NUMBER="4",
                BUILDKITE_BUILD_URL="https://buildkite.com/ml/vision/builds/4",
                BUILDKITE_PULL_REQUEST="false",
                BUILDKITE_COMMIT="abc",
                BUILDKITE_BRANCH="main",
                BUILDKITE_REPO="https://gitlab.com/ml/vision.git",
            ),
            {
                "provider": "buildkite",
                "job_id": "j-1",
                "job_name": "train",
                "job_url": "https://buildkite.com/ml/vision/builds/4#j-1",
                "pipeline_id": "4",
                "pipeline_url": "https://buildkite.com/ml/vision/builds/4",
                "commit": "abc",
                "commit_url": "https://gitlab.com/ml/vision/-/commit/abc",
                "branch": "main",
            },
            id="Buildkite",
        ),
        pytest.param(
            named(
                "azure",
                SYSTEM_JOBID="j-1",
                SYSTEM_JOBDISPLAYNAME="train",
                SYSTEM_TEAMFOUNDATIONCOLLECTIONURI="https://dev.azure.com/ml/",
                SYSTEM_TEAMPROJECT="our vision",
                BUILD_BUILDID="4",
                BUILD_SOURCEBRANCH="refs/heads/main",
                BUILD_SOURCEVERSION="abc",
                BUILD_REQUESTEDFOR="Ann Lee",
            ),
            {
                "provider": "azure",
                "job_id": "j-1",
                "job_name": "train",
                "job_url": "https://dev.azure.com/ml/our%20vision/_build/results?buildId=4",
                "pipeline_id": "4",
                "pipeline_url": "https://dev.azure.com/ml/our%20vision/_build/results"
                "?buildId=4",
                "commit": "abc",
                "branch": "main",
                "user": "Ann Lee",
            },
            id="Azure Pipelines",
        ),
        pytest.param(
            named(
                "bitbucket",
                BITBUCKET_STEP_UUID="{s}",
                BITBUCKET_BUILD_NUMBER="4",
                BITBUCKET_GIT_HTTP_ORIGIN="http://bitbucket.org/ml/vision",
                BITBUCKET_PR_ID="7",
                BITBUCKET_COMMIT="abc",
                BITBUCKET_BRANCH="wider",
            ),
            {
                "provider": "bitbucket",
                "job_id": "{s}",
                "job_url": "http://bitbucket.org/ml/vision/pipelines/results/4",
                "pipeline_id": "4",
                "pipeline_url": "http://bitbucket.org/ml/vision/pipelines/results/4",
                "change_id": "7",
                "change_url": "http://bitbucket.org/ml/vision/pull-requests/7",
                "commit": "abc",
                "commit_url": "http://bitbucket.org/ml/vision/commits/abc",
                "branch": "wider",
            },
            id="Bitbucket",
        ),
        pytest.param(
            {"ci.provider": "drone", "ci.job_url": "https://drone.example.com/4"},
            {"provider": "drone", "job_url": "https://drone.example.com/4"},
            id="any other system, in neutral words",
        ),
        pytest.param(
            {"gitlab.CI_JOB_ID": "77", "ci.job_name": "train", "ci.job_id": "78"},
            {"provider": "gitlab", "job_id": "77", "job_name": "train"},
            id="neutral words only add",
        ),
        pytest.param(
            {
                "gitlab.CI_JOB_ID": "77",
                ci.GIT_COMMIT: "abc",
                ci.GIT_BRANCH: "main",
                ci.GIT_REPOSITORY: "https://bot:secret@gitlab.example.com/ml/vision.git",
            },
            {
                "provider": "gitlab",
                "job_id": "77",
                "commit": "abc",
                "commit_url": f"{GITLAB}/-/commit/abc",
                "branch": "main",
            },
            id="git completes the commit, without its password",
        ),
        pytest.param({ci.GIT_COMMIT: "abc"}, {}, id="git alone is no CI"),
        pytest.param({"gitlab.CI_JOB_ID": "None"}, {}, id="a variable that is not set"),
        pytest.param(
            {"gitlab.CI_JOB_ID": "$CI_JOB_ID", "gitlab.CI_JOB_NAME": "${CI_JOB_NAME}"},
            {},
            id="variables that nobody filled in",
        ),
        pytest.param(
            {"gitlab.SOMETHING": "x", "gitlabx": "y"}, {}, id="something else"
        ),
        pytest.param({"team": "growth"}, {}, id="no CI at all"),
    ],
)
def test_fills_what_the_tags_say(tags, expected):
    assert ci.recognised(tags) == expected


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com/x",
        "ftp://example.com/x",
        "https://",
        "https://[x",
        "https://example.com:port/",
        "https://example.com/\nx",
        "https://example.com/a b",
        "https://example.com/" + "x" * 2000,
        "not an address",
    ],
)
def test_links_to_nothing_but_web_addresses(address):
    assert ci.web_address(address) == ""
    assert ci.recognised({"ci.job_id": "1", "ci.job_url": address}) == {
        "provider": "ci",
        "job_id": "1",
    }


def test_shows_no_password_of_a_link():
    assert ci.web_address("https://u:p@example.com:8443/x?y=1#z") == (
        "https://example.com:8443/x?y=1#z"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("length", [10, 8000])
def test_never_fails_the_run(experiment, length):
    texts = {name: name[0] * length for name in ci.FIELDS}
    tags = {f"ci.{name}": text for name, text in texts.items()}
    for provider, known in ci.PROVIDERS.items():
        for names in known.fields.values():
            tags |= {
                f"{provider}.{name}": "\u202e<b>☃" * length for name in names.split()
            }

    run = make.candidate(experiment, tags={k: v[:8000] for k, v in tags.items()})

    build = CIBuild.objects.get(candidate=run)
    assert build.provider == "gitlab"
    assert build.job_url == ""


@pytest.mark.django_db
def test_keeps_what_was_confirmed_until_the_tags_change(experiment):
    run = make.candidate(experiment, tags={"gitlab.CI_JOB_ID": "77"})
    CIBuild.objects.update(is_verified=True, job_name="train")

    make.recording.log_batch(run, tags={"gitlab.CI_SOMETHING": "x"})
    assert CIBuild.objects.get().is_verified

    make.recording.log_batch(run, tags={"gitlab.CI_JOB_ID": "78"})
    build = CIBuild.objects.get()
    assert (build.job_id, build.job_name, build.is_verified) == ("78", "", False)
