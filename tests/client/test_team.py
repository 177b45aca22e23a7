"""Credentials, as MLflow's own client sends them to a server in team mode."""

import re
import time

import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from playwright.sync_api import expect

from tests.client.nursery import Script
from tests.live import Server, environment

CREDENTIALS = [
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A server with a project, a writer with a password, and tokens by scope."""
    folder = tmp_path_factory.mktemp("team")
    password = folder / "password"
    password.write_text("correct horse battery staple\n")
    server = Server(
        folder / "data",
        TRACKER_MODE="team",
        TRACKER_SECRET_KEY="a long enough secret, twice " * 2,
    )

    def manage(*command):
        answer = server.manage(*command)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    manage("create_user", "ada", "--password-file", str(password))
    manage("create_project", "vision")
    manage("create_project", "secret")
    manage("add_member", "vision", "ada", "writer")
    server.tokens = {
        scope: manage("create_token", "ada", "--project", "vision", "--scope", scope)
        for scope in ("read", "log")
    }
    server.password = password.read_text().strip()
    server.start()
    yield server
    assert server.stop() == 0, server.output()


@pytest.fixture
def client(team, monkeypatch):
    """A client of a project, with these credentials in its environment."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)

    def make(project="vision", token=None, user=None, password=None):
        for name, value in zip(CREDENTIALS, (token, user, password), strict=True):
            if value:
                monkeypatch.setenv(name, value)
        return MlflowClient(f"{team.url}/p/{project}")

    return make


def log(client):
    return client.create_run("0").info.run_id


def refusal(call, *arguments):
    began = time.monotonic()
    with pytest.raises(MlflowException) as caught:
        call(*arguments)
    assert time.monotonic() - began < 10  # at once: the client does not try again
    return caught.value.error_code


def test_takes_a_token(team, client):
    assert log(client(token=team.tokens["log"]))


def test_takes_a_token_in_place_of_a_password(team, client):
    assert log(client(user="anything", password=team.tokens["log"]))


def test_takes_name_and_password(team, client):
    assert log(client(user="ada", password=team.password))


def test_goes_by_the_password_when_the_client_has_both(team, client):
    assert log(client(token="stale", user="ada", password=team.password))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"token": "trk_unknown"},
        {"user": "ada", "password": "wrong"},
        {"user": "nobody", "password": "wrong"},
    ],
)
def test_refuses_what_it_does_not_know(client, wrong):
    assert refusal(log, client(**wrong)) == "UNAUTHENTICATED"


def test_lets_a_reading_token_read_and_no_more(team, client):
    reader = client(token=team.tokens["read"])

    assert reader.get_experiment("0").name == "Default"
    assert reader.search_runs(["0"]) is not None
    assert refusal(log, reader) == "PERMISSION_DENIED"


def test_hides_a_project_from_those_who_are_not_in_it(team, client):
    stranger = client("secret", user="ada", password=team.password)

    assert refusal(stranger.get_experiment, "0") == "RESOURCE_DOES_NOT_EXIST"


def test_holds_a_token_to_its_project(team, client):
    assert refusal(log, client("secret", token=team.tokens["log"])) in (
        "RESOURCE_DOES_NOT_EXIST",
        "PERMISSION_DENIED",
    )


def test_keeps_files_behind_the_same_door(team, client, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    writer = client(token=team.tokens["log"])
    run = log(writer)

    writer.log_artifact(run, str(tmp_path / "model.bin"))

    root = writer.get_run(run).info.artifact_uri.removeprefix("mlflow-artifacts:")
    url = f"{team.url}/p/vision/api/2.0/mlflow-artifacts/artifacts{root}/model.bin"
    headers = {"Authorization": f"Bearer {team.tokens['read']}"}
    assert requests.get(url, timeout=30).status_code == 401
    assert requests.get(url, headers=headers, timeout=30).content == b"weights"
    assert requests.put(url, data=b"x", headers=headers, timeout=30).status_code == 403


@pytest.mark.browser
def test_the_link_that_the_client_prints_opens_its_candidate(team, tmp_path, chromium):
    """To whoever is signed in, and after signing in to everybody else."""
    code = "import mlflow\nwith mlflow.start_run(run_name='printed'):\n    pass"
    script = Script(
        code,
        folder=tmp_path,
        environment=environment(
            MLFLOW_TRACKING_URI=f"{team.url}/p/vision",
            MLFLOW_TRACKING_TOKEN=team.tokens["log"],
        ),
    )
    link = re.search(r"View run printed at: (\S+)", script.output())[1]
    context = chromium.new_context()
    page = context.new_page()
    heading = page.get_by_role("heading", level=1)

    page.goto(link)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(team.password)
    page.get_by_role("button", name="Sign in").click()

    expect(heading).to_contain_text("printed", timeout=20_000)
    page.goto(f"{team.url}/projects/")
    page.goto(link)
    expect(heading).to_contain_text("printed", timeout=20_000)
    context.close()
