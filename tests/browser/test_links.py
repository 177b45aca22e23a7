"""The links that the MLflow client prints: only a browser sees what comes after "#"."""

import pytest
from playwright.sync_api import expect

from tests import make
from tracker import lifecycle
from tracker.models import LoggedModel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def candidate(vision):
    return make.candidate(make.experiment(vision, "sweep"), name="first")


@pytest.mark.parametrize("uri", ["", "/p/vision", "/api/v4/projects/vision/ml/mlflow"])
def test_a_run_opens_below_every_tracking_uri(candidate, open_page, uri):
    page = open_page("/you/share/")

    page.goto(f"{uri}/#/experiments/1/runs/{candidate.eid}")

    page.wait_for_url(f"**/p/vision/c/{candidate.iid}/")


@pytest.mark.parametrize("uri", ["/p/vision", "/api/v4/projects/vision/ml/mlflow"])
def test_an_experiment_opens_in_its_project(candidate, open_page, uri):
    page = open_page("/you/share/")

    page.goto(f"{uri}/#/experiments/1")

    page.wait_for_url("**/p/vision/experiments/1/")
    expect(page.locator("h1")).to_have_text("sweep")


def test_an_experiment_of_the_root_is_in_the_default_project(open_page, experiment):
    page = open_page("/you/share/")

    page.goto(f"/#/experiments/{experiment.iid}")

    page.wait_for_url(f"**/p/default/experiments/{experiment.iid}/")


def test_a_logged_model_leads_to_the_files_of_its_maker(candidate, open_page):
    model = LoggedModel.objects.create(
        project=candidate.project,
        experiment=candidate.experiment,
        name="net",
        source_run_id=candidate.eid,
        created_ms=1,
        updated_ms=1,
    )
    page = open_page("/you/share/")

    page.goto(f"/#/experiments/1/models/{model.eid}")

    page.wait_for_url(f"**/p/vision/c/{candidate.iid}/artifacts/")


def test_without_script_the_link_is_pasted(candidate, open_page):
    lifecycle.default_project()
    page = open_page("/", script=False)

    page.get_by_placeholder("#/experiments/0/runs/…").fill(
        f"http://x/#/experiments/1/runs/{candidate.eid}"
    )
    page.get_by_role("button", name="Open").click()

    assert page.url.endswith(f"/p/vision/c/{candidate.iid}/")
