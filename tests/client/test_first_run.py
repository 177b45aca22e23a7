"""The code of the README and of the first-run page, copied as it stands and run against a
real server."""

import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest
from mlflow import MlflowClient

from dashboard import snippets
from tests.client.nursery import Script
from tests.live import environment


def newest(live):
    with urlopen(f"{live.url}/p/default/start/newest.json") as answer:
        return json.load(answer) if answer.status == 200 else None


@pytest.fixture
def run(tmp_path):
    """Runs Python code with the client."""

    def go(code, **variables):
        return Script(
            code, folder=tmp_path, environment=environment(**variables)
        ).output()

    return go


def shell(code):
    done = subprocess.run(
        ["sh", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_readme_logs_three_candidates_with_their_models(live, run):
    readme = Path("README.md").read_text()
    code = readme.partition("```python\n")[2].partition("```")[0]

    run(code, MLFLOW_TRACKING_URI=live.url)

    client = MlflowClient(live.url)
    experiment = client.get_experiment_by_name("iris")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.data.params["C"] for run in runs} == {"0.01", "0.1", "1.0"}
    assert all(run.outputs.model_outputs for run in runs)


@pytest.mark.parametrize(
    "library",
    [
        "python",
        "sklearn",
        "keras",
        pytest.param("pytorch", marks=pytest.mark.torch),
        pytest.param("transformers", marks=pytest.mark.torch),
    ],
)
def test_the_code_logs_a_candidate_that_the_page_sees(live, run, library):
    before = newest(live)
    code = snippets.log(library, uri=live.url, name=f"first run {library}").text

    # The backend that tests have; its own choice would be TensorFlow, which is large.
    run(code, MLFLOW_TRACKING_URI=live.url, KERAS_BACKEND="jax")

    after = newest(live)
    assert after != before
    assert after["experiment"] == f"first run {library}"


def test_the_block_of_an_empty_experiment_needs_nothing_else(live, run):
    code = snippets.connect_and_log(live.url, 'with "quotes"').text

    run(code)

    assert newest(live)["experiment"] == 'with "quotes"'


def test_the_shell_form_and_the_curl_code_run_in_a_shell(live):
    connect = snippets.connect("shell", uri=live.url).text
    code = snippets.log("curl", uri=live.url).text

    shell(f"{connect}\n{code}")

    with urlopen(f"{live.url}{newest(live)['url']}") as page:
        text = page.read().decode()
    assert "from-curl" in text
    assert "Finished" in text
