"""The trash: what is in it, back, and gone for good."""

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import jobs, lifecycle, many
from tracker.models import Candidate, Experiment, Role

URL = "/p/vision/trash/"


@pytest.fixture
def thrown(vision):
    """One experiment with two candidates, and one candidate by itself."""
    gone, kept = make.experiment(vision, "gone"), make.experiment(vision, "kept")
    make.candidates(gone, 2)
    alone = make.candidate(kept, name="alone", metrics={"acc": 1.0})
    Artifact.objects.create(
        project=vision,
        candidate=alone,
        name="model.pkl",
        blob="b",
        size_bytes=2_000_000,
        sha256="",
        uploaded_at=timezone.now(),
    )
    lifecycle.delete_candidate(alone)
    lifecycle.delete_experiment(gone)
    make.candidate(kept, name="alive")
    return gone, alone


def boxes(page):
    return [b.attributes["value"] for b in page.root.all("input", name="item")]


def test_lists_what_is_deleted_the_newest_first(browser, thrown):
    page = Page(browser.get(URL))

    assert [row[0] for row in page.rows] == ["gone", "#3 alone"]
    assert page.column("Kind") == ["Experiment with 2", "Candidate"]
    assert page.column("From") == ["–", "kept"]
    assert page.column("Files") == ["–", "2.0 MB"]


def test_restores_what_is_chosen(browser, thrown):
    gone, alone = thrown

    browser.post(URL + "restore/", {"item": boxes(Page(browser.get(URL)))})

    assert not Candidate.objects.exclude(deleted_at=None).exists()
    assert Experiment.objects.get(pk=gone.pk).deleted_at is None
    page = Page(browser.get(URL))
    assert "2 items restored." in page.root.text
    assert "The trash is empty" in page.main.text


def test_deletes_for_good_only_with_the_number_typed(browser, thrown):
    gone, alone = thrown
    item = f"c{alone.pk}"

    page = Page(browser.get(URL + "delete/", {"item": item}))
    assert "Delete 1 candidate for good" in page.main.text
    assert "It frees 2.0 MB in 1 file, and 1 logged value" in page.main.text

    wrong = browser.post(URL + "delete/", {"item": item, "typed": "2"})
    assert wrong.status_code == 422
    assert Candidate.objects.filter(pk=alone.pk).exists()

    browser.post(URL + "delete/", {"item": item, "typed": "1"})
    while jobs.run_waiting(5):
        pass
    assert not Candidate.objects.filter(pk=alone.pk).exists()
    assert Experiment.objects.filter(pk=gone.pk).exists()


def test_empties_all_of_it(browser, thrown):
    page = Page(browser.get(URL + "delete/", {"all": "1"}))
    word = page.root.one("label", for_="typed").text.split()[1]

    browser.post(URL + "delete/", {"all": "1", "typed": word})
    while jobs.run_waiting(5):
        pass

    assert list(Candidate.objects.values_list("name", flat=True)) == ["alive"]
    assert "The trash is empty" in Page(browser.get(URL)).main.text


@pytest.mark.parametrize("item", ["", "x", "c", "e999", "c-1", "c" + "9" * 30, "\0"])
def test_nonsense_is_nothing(browser, thrown, item):
    assert browser.post(URL + "restore/", {"item": item}).status_code == 302
    assert browser.get(URL + "delete/", {"item": item}).status_code == 200
    assert (
        browser.post(URL + "delete/", {"item": item, "typed": "0"}).status_code == 200
    )
    assert Candidate.objects.exclude(deleted_at=None).count() == 3


def test_what_is_alive_or_elsewhere_is_out_of_reach(browser, thrown):
    alive = Candidate.objects.get(name="alive")
    other = make.candidate(make.experiment(make.project()))
    lifecycle.delete_candidate(other)

    for candidate in (alive, other):
        page = Page(browser.get(URL + "delete/", {"item": f"c{candidate.pk}"}))
        assert "Nothing to delete" in page.main.text
    browser.post(URL + "restore/", {"item": f"c{other.pk}"})
    assert Candidate.objects.get(pk=other.pk).is_deleted


def test_costs_the_same_for_few_or_many(
    browser, vision, thrown, django_assert_num_queries
):
    experiment = make.experiment(vision)
    many.delete([c.pk for c in make.candidates(experiment, 30)])

    browser.get(URL)

    with django_assert_num_queries(3):  # project, how many, page
        browser.get(URL)


def test_hostile_names_stay_text(browser, vision):
    experiment = make.experiment(vision, HOSTILE)
    lifecycle.delete_candidate(make.candidate(experiment, name=HOSTILE))

    assert is_harmless(Page(browser.get(URL)))


@pytest.mark.parametrize(
    ("role", "restores", "purges"),
    [(Role.READER, 403, 403), (Role.WRITER, 302, 403), (Role.OWNER, 302, 200)],
)
def test_asks_for_the_role(client, settings, vision, thrown, role, restores, purges):
    settings.MODE = "team"
    client.force_login(make.member(vision, "somebody", role))

    assert client.get(URL).status_code == 200
    assert client.post(URL + "restore/", {"item": "x"}).status_code == restores
    assert client.get(URL + "delete/", {"all": "1"}).status_code == purges
