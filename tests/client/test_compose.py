"""The team set-up of docker-compose.yml, started from packages: every process in its place."""

import os
import sys

import pytest
from mlflow import MlflowClient
from playwright.sync_api import expect

from tests import parts
from tests.team import Team

PASSWORD = "correct horse battery staple"

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux", reason="the health checks are those of a container"
    ),
    pytest.mark.xdist_group("compose"),  # one team for all of them
]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    if not parts.redis_server():
        because = "Redis is missing: install it (on Debian: apt install redis-server)"
        pytest.fail(because) if os.environ.get("CI") else pytest.skip(because)
    team = Team(tmp_path_factory.mktemp("team"))
    try:
        team.start_servers()
        team.prepare()
        (team.folder / "password").write_text(PASSWORD)
        for command in (
            f"create_user ada --admin --password-file {team.folder}/password",
            "create_project vision",
            "add_member vision ada writer",
            "create_token ada --project vision",
        ):
            done = team.manage(*command.split())
            assert done.returncode == 0, done.stderr
        team.token = done.stdout.strip()
        team.start()
        yield team
        assert team.ended() == []
    finally:
        codes = team.stop()
    assert codes == {"web": 0, "worker": 0, "beat": 0}


@pytest.fixture(scope="module")
def logged(team, tmp_path_factory):
    """The client, and the run with a file that it logged."""
    table = tmp_path_factory.mktemp("logged") / "classes.csv"
    table.write_text("class,recall\ncat,0.9\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", team.token)
        client = MlflowClient(f"{team.url}/p/vision")
        run = client.create_run("0", run_name="first").info.run_id
        client.log_metric(run, "loss", 0.5)
        client.log_artifact(run, str(table))
        client.set_terminated(run)
        yield client, run


def test_takes_what_the_real_client_logs_and_looks_at_its_files(team, logged):
    client, run = logged

    kept = client.get_run(run)

    assert kept.data.metrics == {"loss": 0.5}
    assert [file.path for file in client.list_artifacts(run)] == ["classes.csv"]
    for name in ("web", "worker", "beat"):
        assert team.is_healthy(name), team.output(name)


@pytest.mark.browser
def test_signs_in_and_sees_the_run_and_its_file(team, logged, chromium):
    context = chromium.new_context()
    page = context.new_page()

    page.goto(f"{team.url}/p/vision/c/1/artifacts/classes.csv")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("cell", name="cat")).to_be_visible(timeout=30_000)
    context.close()


def test_prepares_twice_without_harm(team):
    team.prepare()
