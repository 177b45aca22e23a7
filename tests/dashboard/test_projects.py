"""The list of projects, a new one, and a project's overview."""

import pytest

from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import registry
from tracker.models import Experiment, Project, Role


def test_lists_projects_with_their_numbers(browser, vision):
    make.candidates(make.experiment(vision), 3)

    page = Page(browser.get("/projects/"))

    assert page.link("vision") == "/p/vision/"
    assert page.column("Candidates") == ["3"]
    assert page.column("Experiments") == ["2"]
    assert page.column("State") == ["3 live"]


def test_the_list_costs_the_same_for_one_or_many(
    browser, vision, django_assert_num_queries
):
    for _ in range(20):
        make.candidate(make.experiment(make.project()))
    browser.get("/projects/")

    # the projects, and those of them that could be restored
    with django_assert_num_queries(2):
        browser.get("/projects/")


def test_creates_a_project_and_goes_to_its_first_run(browser):
    answer = browser.post(
        "/projects/", {"name": "Speech", "slug": "speech", "visibility": "internal"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/p/speech/start/")
    project = Project.objects.get(slug="speech")
    assert (project.name, project.visibility) == ("Speech", "internal")
    assert Experiment.objects.get(project=project).iid == 0
    assert project.memberships.get().role == Role.OWNER


@pytest.mark.parametrize(
    ("slug", "word"),
    [
        ("vision", "Another project has this address."),
        ("api", "reserved"),
        ("12", "at least one letter"),
        ("a/b", "Use letters"),
        ("", "required"),
        ("a\0b", "Null characters"),
    ],
)
def test_says_beside_the_field_what_is_wrong(browser, vision, slug, word):
    answer = browser.post(
        "/projects/", {"name": "kept", "slug": slug, "visibility": "private"}
    )

    page = Page(answer)
    assert answer.status_code == 422
    assert word in page.root.one("p", id="id_slug_error").text
    field = page.root.one("input", name="slug")
    assert field.attributes["aria-invalid"] == "true"
    assert "id_slug_error" in field.attributes["aria-describedby"]
    assert page.values("name") == ["kept"]


def test_shows_a_project(browser, vision):
    vision.description = "Find **cats**.\n\n<script>alert(1)</script>"
    vision.save()
    experiment = make.experiment(vision, "sweep")
    make.candidate(experiment, name="first", metrics={"val/loss": 0.25})
    version = make.version(make.registered_model(vision, "detector"))
    registry.set_alias(version, "champion")

    page = Page(browser.get("/p/vision/"))

    assert page.title == "● 1 vision"
    assert page.main.one("strong").text == "cats"
    assert not page.main.all("script")
    assert "val/loss min 0.2500" in page.main.text
    assert page.link("detector v1") == "/p/vision/models/detector/1/"
    assert "champion" in page.main.text
    assert page.link("sweep") == f"/p/vision/experiments/{experiment.iid}/"


@pytest.mark.parametrize("address", ["/p/vision", "/p/vision/"])
def test_its_address_is_a_tracking_uri_with_and_without_slash(browser, vision, address):
    answer = browser.get(address)

    body = Page(answer).root.one("body")
    assert answer.status_code == 200
    assert body.attributes["data-tracking-page"] == "/p/vision/"


def test_an_empty_project_says_what_to_do_next(browser, vision):
    page = Page(browser.get("/p/vision/"))

    assert page.link("Log the first candidate") == "/p/vision/start/"


def test_describes_a_project(browser, vision):
    answer = browser.post(
        "/p/vision/describe/", {"name": "Vision", "description": "*new*"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/p/vision/settings/")
    vision.refresh_from_db()
    assert (vision.name, vision.description) == ("Vision", "*new*")


@pytest.mark.parametrize("slug", ["nothing", "%00", "a%00b", "vision%0A"])
def test_an_unknown_project_is_not_found(browser, vision, slug):
    assert browser.get(f"/p/{slug}/").status_code == 404


def test_the_overview_costs_the_same_for_one_or_many(
    browser, vision, django_assert_num_queries
):
    for _ in range(12):
        make.candidate(make.experiment(vision), metrics={"val/acc": 0.5})
        make.version(make.registered_model(vision))
    browser.get("/p/vision/")

    # project; in trouble, live, recent; their primary metrics, the values, the best and
    # who has it; experiments with their counts, last writes, notes, primary metrics, best;
    # what is starred; the newest versions and their aliases; the bytes that are kept
    with django_assert_num_queries(19):
        browser.get("/p/vision/")


def test_the_overview_shows_the_top_of_what_one_has_starred(browser, vision, owner):
    sweep = make.experiment(vision, "sweep")
    for lr, values in (("0.1", (0.90, 0.91, 0.92)), ("0.2", (0.80, 0.81, 0.82))):
        for seed, value in enumerate(values):
            make.candidate(
                sweep, params={"lr": lr, "seed": str(seed)}, metrics={"acc": value}
            )
    before = Page(browser.get("/p/vision/"))
    browser.post(f"/p/vision/experiments/{sweep.iid}/star/")

    page = Page(browser.get("/p/vision/"))

    assert "Leaderboards" not in before.main.text
    board = page.main.one("section", id="boards")
    assert [li.one("a").text for li in board.all("li")] == ["1 lr 0.1", "2 lr 0.2"]
    assert "acc, higher is better" in board.text


def test_hostile_names_stay_text(browser):
    project = make.project("hostile", name=HOSTILE, description=HOSTILE)
    make.candidate(make.experiment(project, HOSTILE), name=HOSTILE)

    for address in ("/projects/", "/p/hostile/", "/p/hostile/describe/"):
        assert is_harmless(Page(browser.get(address)))
