"""MLflow's own client, against a server as people run it."""

import os
import warnings
from pathlib import Path
from zlib import crc32

import pytest

from tests.client.nursery import Script
from tests.live import environment

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# A failure shows itself at once, not after minutes of patience.
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the client warns of is not ours to mend
    import mlflow  # noqa: F401
    from mlflow import MlflowClient

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            # One server for all of them, and so one test process.
            item.add_marker(pytest.mark.xdist_group("live"))


@pytest.fixture(scope="session")
def addresses(live):
    """The three forms of a tracking URI: the root, a project, a project as GitLab says it."""
    made = live.manage("create_project", "client-tests")
    assert made.returncode == 0, made.stderr
    number = made.stdout.split()[1]
    return {
        "root": live.url,
        "project": f"{live.url}/p/client-tests",
        "gitlab": f"{live.url}/api/v4/projects/{number}/ml/mlflow",
    }


FORMS = ["root", "project", "gitlab"]


def pytest_generate_tests(metafunc):
    """A test at each form of a tracking URI; a table's rows at one of them, which the
    test's name picks: they are about what is sent, and not about where.
    """
    tables = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "uri" not in metafunc.fixturenames or "uri" in tables:
        return
    one = FORMS[crc32(metafunc.function.__name__.encode()) % len(FORMS)]
    metafunc.parametrize("uri", [one] if tables else FORMS, indirect=True)


@pytest.fixture
def uri(addresses, request):
    return addresses[request.param]


@pytest.fixture
def client(uri):
    return MlflowClient(uri)


@pytest.fixture
def experiment(client, request):
    """The id of an experiment that no other test writes to."""
    return client.create_experiment(request.node.name)


@pytest.fixture
def run(client, experiment):
    """The id of a new run."""
    return client.create_run(experiment).info.run_id


class Scripts:
    """Runs a script as its author would: with nothing but a tracking URI."""

    def __init__(self, folder: Path, uri: str):
        self.folder = folder
        self.uri = uri

    def start(self, name, *arguments, **variables):
        return Script(
            HERE / "scripts" / f"{name}.py",
            *arguments,
            folder=self.folder,
            environment=environment(MLFLOW_TRACKING_URI=self.uri, **variables),
        )

    def run(self, name, *arguments, **variables):
        """The words of the last line that the script prints."""
        return self.finish(self.start(name, *arguments, **variables))

    def finish(self, script):
        return self.last_line(script).split()

    def last_line(self, script):
        return script.output().splitlines()[-1]


@pytest.fixture
def scripts(tmp_path, addresses):
    return Scripts(tmp_path, addresses["root"])


@pytest.fixture
def scripts_at(tmp_path):
    return lambda uri: Scripts(tmp_path, uri)
