"""Permanent links, and the links that the MLflow client prints."""

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker.models import LoggedModel


@pytest.fixture
def candidate(vision):
    return make.candidate(make.experiment(vision, "sweep"), name="first")


@pytest.fixture
def model(candidate):
    return LoggedModel.objects.create(
        project=candidate.project,
        experiment=candidate.experiment,
        name="net",
        source_run_id=candidate.eid,
        created_ms=1,
        updated_ms=1,
    )


def test_a_permanent_link_leads_to_the_candidate(browser, candidate):
    answer = browser.get(f"/r/{candidate.eid}/")

    assert answer["Location"] == f"/p/vision/c/{candidate.iid}/"


@pytest.mark.parametrize(
    "eid", ["0" * 32, "unknown", "m-" + "0" * 32, "%00", "0" * 33, "A" * 32]
)
def test_an_unknown_one_is_not_found(browser, candidate, eid):
    assert browser.get(f"/r/{eid}/").status_code == 404


def test_a_deleted_candidate_is_gone_and_says_until_when(browser, candidate):
    candidate.deleted_at = candidate.created_at
    candidate.save()

    answer = browser.get(f"/r/{candidate.eid}/")

    page = Page(answer)
    assert answer.status_code == 410
    assert "can be restored until" in page.main.text
    assert page.title == "Deleted · first · vision"


def test_a_logged_model_leads_to_the_files_of_its_maker(browser, model, candidate):
    answer = browser.get(f"/r/{model.eid}/")

    assert answer["Location"] == f"/p/vision/c/{candidate.iid}/artifacts/"


def test_a_logged_model_of_nobody_leads_to_its_experiment(browser, model):
    LoggedModel.objects.update(source_run_id="elsewhere")

    answer = browser.get(f"/r/{model.eid}/")

    iid = model.experiment.iid
    assert answer["Location"] == f"/p/vision/experiments/{iid}/"


@pytest.mark.parametrize(
    "link",
    [
        "#/experiments/1/runs/{eid}",
        "/#/experiments/1/runs/{eid}",
        "http://testserver/#/experiments/1/runs/{eid}",
        "http://testserver/p/vision/#/experiments/1/runs/{eid}/artifacts",
        "  {eid} ",
    ],
)
def test_a_pasted_link_leads_to_its_run(browser, candidate, link):
    answer = browser.get("/r/", {"link": link.format(eid=candidate.eid)})

    assert answer["Location"] == f"/r/{candidate.eid}/"


def test_a_pasted_link_leads_to_its_experiment(browser, candidate):
    answer = browser.get("/r/", {"link": "#/experiments/1", "project": "vision"})

    assert answer["Location"] == "/p/vision/experiments/1/"


def test_a_pasted_link_without_a_project_means_the_default_one(browser, experiment):
    answer = browser.get("/r/", {"link": f"#/experiments/{experiment.iid}"})

    assert answer["Location"] == f"/p/default/experiments/{experiment.iid}/"


def test_a_pasted_link_that_leads_nowhere_is_shown_again(browser, db):
    answer = browser.get("/r/", {"link": "<b>"})

    assert answer.status_code == 404
    assert Page(answer).values("link") == ["<b>"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_gitlabs_form_of_a_tracking_uri_has_a_page(browser, vision, slash):
    for address in (vision.slug, vision.pk):
        answer = browser.get(f"/api/v4/projects/{address}/ml/mlflow{slash}")

        page = Page(answer)
        body = page.root.one("body")
        assert body.attributes["data-tracking-page"] == "/p/vision/"
        assert page.link("Open vision") == "/p/vision/"


def test_gitlabs_form_of_an_unknown_project_is_not_found(browser, vision):
    for address in ("nothing", "99999999999999999999", "0"):
        answer = browser.get(f"/api/v4/projects/{address}/ml/mlflow")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("page", "ours"),
    [
        ("experiments", "experiments/"),
        ("experiments/", "experiments/"),
        ("experiments/1", "experiments/1/"),
        ("candidates/7", "c/7/"),
        ("candidates/7/", "c/7/"),
        ("models", "models/"),
        ("models/3", "models/"),
    ],
)
def test_an_address_of_gitlabs_page_leads_to_ours(browser, vision, page, ours):
    answer = browser.get(f"/p/vision/-/ml/{page}")

    assert (answer.status_code, answer["Location"]) == (302, f"/p/vision/{ours}")


@pytest.mark.parametrize("page", ["", "x", "candidates", "candidates/x", "models/3/4"])
def test_another_page_of_gitlabs_is_not_found(browser, vision, page):
    assert browser.get(f"/p/vision/-/ml/{page}").status_code == 404
    assert browser.get("/p/nobody/-/ml/experiments").status_code == 404
