"""First run: the four steps, and code that works as it stands."""

import ast
import json

import pytest
import yaml
from django.test import Client

from dashboard import snippets
from tests import make
from tests.dashboard.reading import Page
from tracker import tokens
from tracker.models import AccessToken, Role


def code(page, place):
    """What the copy button takes."""
    return page.root.all("pre")[place].exact


def test_shows_the_address_of_this_project(browser, vision):
    page = Page(browser.get("/p/vision/start/"))

    assert code(page, 0) == "pip install mlflow"
    expected = "export MLFLOW_TRACKING_URI=http://testserver/p/vision"
    assert code(page, 1) == expected
    assert 'mlflow.set_experiment("my-first")' in code(page, 2)
    assert page.title == "First run · vision"


def test_the_public_address_goes_before_the_host_of_the_request(
    browser, vision, settings
):
    settings.PUBLIC_URL = "https://tracker.example/base"

    page = Page(browser.get("/p/vision/start/"))

    assert code(page, 1).endswith("=https://tracker.example/base/p/vision")


def test_the_default_project_needs_no_path(browser, experiment):
    page = Page(browser.get("/p/default/start/"))

    assert code(page, 1) == "export MLFLOW_TRACKING_URI=http://testserver"


@pytest.mark.parametrize("how", snippets.FORMS)
def test_connects_in_every_form(browser, vision, how):
    page = Page(browser.get("/p/vision/start/", {"how": how, "lib": "curl"}))

    assert "http://testserver/p/vision" in code(page, 1)
    assert page.root.one("a", href=f"?lib=curl&how={how}#connect").attributes[
        "aria-current"
    ]


@pytest.mark.parametrize("library", snippets.LOG)
def test_the_text_to_copy_is_the_snippet_itself(browser, vision, library):
    page = Page(browser.get("/p/vision/start/", {"lib": library}))

    uri = "http://testserver/p/vision"
    assert code(page, 0).rstrip() == snippets.install(library).text
    assert code(page, 2) == snippets.log(library, uri=uri).text.rstrip()
    assert "{" not in page.title


@pytest.mark.parametrize("query", ["how=nonsense&lib=nonsense", "how=%00", "lib="])
def test_a_bad_tab_is_the_first_one(browser, vision, query):
    answer = browser.get(f"/p/vision/start/?{query}")

    assert "export " in code(Page(answer), 1)


@pytest.mark.parametrize(
    "library", [name for name, (_, kind, _) in snippets.LOG.items() if kind == "python"]
)
@pytest.mark.parametrize("name", ["my-first", 'a "b" \\ {c}\n'])
def test_python_is_python_whatever_the_experiment_is_called(library, name):
    tree = ast.parse(snippets.log(library, uri="http://x", name=name).text)

    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    assert name in texts


def test_the_ci_snippet_is_yaml_with_json_in_one_line():
    text = snippets.log("ci", uri="http://host/p/vision").text
    gitlab, github = (yaml.safe_load(part) for part in text.split("\n\n", 1))

    variables = gitlab["train"]["variables"]
    tags = json.loads(variables["MLFLOW_RUN_CONTEXT"])
    assert tags["gitlab.CI_JOB_ID"] == "$CI_JOB_ID"
    assert variables["MLFLOW_TRACKING_URI"] == "http://host/p/vision"
    assert github[True] == "push"  # what YAML makes of "on"
    context = github["jobs"]["train"]["env"]["MLFLOW_RUN_CONTEXT"]
    assert json.loads(context)["github.GITHUB_RUN_ID"] == "${{ github.run_id }}"


def test_what_the_ci_snippet_sends_is_recognised(experiment):
    """The variables filled in as a CI system does it, empty ones among them."""
    gitlab = {f"gitlab.{name}": "7" for name in snippets.GITLAB_VARIABLES} | {
        "gitlab.CI_PROJECT_URL": "https://gitlab.example/g/p",
        "gitlab.CI_JOB_URL": "https://gitlab.example/g/p/-/jobs/7",
        "gitlab.CI_PIPELINE_URL": "https://gitlab.example/g/p/-/pipelines/7",
        "gitlab.CI_MERGE_REQUEST_IID": "",
        "gitlab.CI_COMMIT_REF_NAME": "main",
    }
    github = {f"github.{name}": "8" for name in snippets.GITHUB_CONTEXT} | {
        "github.GITHUB_SERVER_URL": "https://github.com",
        "github.GITHUB_REPOSITORY": "o/r",
        "github.GITHUB_REF": "refs/heads/main",
        "github.GITHUB_HEAD_REF": "",
        "github.GITHUB_RUN_ATTEMPT": "1",
    }

    first = make.candidate(experiment, tags=gitlab).ci_build
    second = make.candidate(experiment, tags=github).ci_build

    assert first.job_url == "https://gitlab.example/g/p/-/jobs/7"
    assert (first.provider, first.branch, first.change_id) == ("gitlab", "main", "")
    assert second.job_url == "https://github.com/o/r/actions/runs/8"
    assert (second.branch, second.user) == ("main", "8")


def test_waits_for_the_first_candidate(browser, vision):
    answer = browser.get("/p/vision/start/newest.json")
    page = Page(browser.get("/p/vision/start/"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Waiting for your first candidate" in page.main.text
    [reload] = [meta for n in page.root.all("noscript") for meta in n.all("meta")]
    assert reload.attributes == {"http-equiv": "refresh", "content": "10"}


def test_turns_into_a_link_when_it_arrives(browser, vision):
    candidate = make.candidate(make.experiment(vision, "sweep"), name="first")

    page = Page(browser.get("/p/vision/start/"))
    answer = browser.get("/p/vision/start/newest.json?since=0")
    after = browser.get(f"/p/vision/start/newest.json?since={candidate.iid}")

    assert page.link("#1 first") == "/p/vision/c/1/"
    assert answer.json() == {
        "number": 1,
        "name": "first",
        "experiment": "sweep",
        "url": "/p/vision/c/1/",
    }
    assert after.status_code == 204


@pytest.mark.parametrize("since", ["x", "-1", "9" * 40, "²"])
def test_a_bad_number_to_wait_for_breaks_nothing(browser, vision, since):
    answer = browser.get("/p/vision/start/newest.json", {"since": since})

    assert answer.status_code == 204


# ---------------------------------------------------------------- team mode


@pytest.fixture
def writer(team, vision):
    client = Client()
    client.force_login(make.member(vision, "writer", Role.WRITER))
    return client


def test_a_token_is_made_on_request_and_shown_once(writer, vision, settings):
    before = Page(writer.get("/p/vision/start/"))
    page = Page(writer.post("/p/vision/start/?how=env"))
    after = Page(writer.get("/p/vision/start/?how=env"))

    made = AccessToken.objects.get()
    assert "MLFLOW_TRACKING_TOKEN=YOUR_TOKEN" in code(before, 1)
    assert "Create a token and fill it in" in before.main.text
    secret = code(page, 1).rpartition("MLFLOW_TRACKING_TOKEN=")[2]
    assert tokens.find(secret) == made
    assert (made.project, made.scope) == (vision, AccessToken.Scope.LOG)
    assert secret not in after.root.exact


def test_the_answer_with_the_token_is_kept_nowhere(writer):
    assert writer.post("/p/vision/start/")["Cache-Control"] == "no-store"


def test_a_reader_is_told_what_is_missing_and_gets_no_token(team, vision, reader):
    client = Client()
    client.force_login(reader)

    page = Page(client.get("/p/vision/start/"))
    answer = client.post("/p/vision/start/")

    assert "ask one of its owners for the role Writer" in page.main.text
    assert (answer.status_code, AccessToken.objects.count()) == (403, 0)


def test_curl_and_ci_carry_the_token_in_team_mode(writer):
    curl = code(Page(writer.get("/p/vision/start/?lib=curl")), 2)
    ci = code(Page(writer.get("/p/vision/start/?lib=ci")), 2)

    assert "Bearer $MLFLOW_TRACKING_TOKEN" in curl
    assert "${{ secrets.MLFLOW_TRACKING_TOKEN }}" in ci


def test_nobody_needs_a_token_in_local_mode(browser, vision):
    page = Page(browser.post("/p/vision/start/?lib=curl"))

    assert "TOKEN" not in page.root.exact
    assert not AccessToken.objects.exists()
