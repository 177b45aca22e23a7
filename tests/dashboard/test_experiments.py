"""The experiments of a project: the tree, search, order, and making new ones."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle
from tracker.models import Candidate, Experiment, SavedView, Status


@pytest.fixture
def url(vision):
    return "/p/vision/experiments/"


def names(page):
    return [
        label.text
        for row in page.root.one("tbody").all("tr")
        for label in [*row.all("a", class_="ename"), *row.all("span", class_="grp")]
    ]


def status(candidate, status):
    Candidate.objects.filter(pk=candidate.pk).update(
        status=status, ended_ms=candidate.started_ms + 1000
    )


def test_slashes_make_folders(browser, vision, url):
    for name in ("b/deep/two", "alone", "b/one"):
        make.experiment(vision, name)

    page = Page(browser.get(url, {"sort": "name"}))

    assert names(page) == ["Default", "alone", "b", "deep", "two", "one"]
    levels = [
        len(tr.all("span", class_="lvl")) for tr in page.root.one("tbody").all("tr")
    ]
    assert levels == [0, 0, 0, 1, 2, 1]


def test_a_folder_closes_and_opens_by_a_link(browser, vision, url):
    for name in ("b/one", "b/two", "c/three"):
        make.experiment(vision, name)

    page = Page(browser.get(url + "?sort=name"))
    closed = Page(browser.get(url + page.link("Close folder b")))
    again = Page(browser.get(url + closed.link("Open folder b")))

    assert names(closed) == ["Default", "b", "c", "three"]
    assert names(again) == names(page)


@pytest.mark.parametrize("name", ["a//b", "/a", "a/", "/"])
def test_a_name_that_is_no_path_stays_whole(browser, vision, url, name):
    make.experiment(vision, name)

    assert name in names(Page(browser.get(url)))


def test_counts_candidates_and_says_what_runs_and_failed(browser, vision, url):
    experiment = make.experiment(vision, "sweep")
    make.candidates(experiment, 2)
    status(make.candidate(experiment), Status.FAILED)
    gone = make.candidate(experiment)
    Candidate.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())

    page = Page(browser.get(url + "?sort=name"))

    assert page.column("Candidates") == ["0", "3"]
    assert page.column("State") == ["Empty", "2 live 1 failed"]


def test_shows_the_best_value_by_the_guessed_direction(browser, vision, url):
    up = make.experiment(vision, "up")
    down = make.experiment(vision, "down")
    make.experiment(vision, "nothing")
    for value in (0.5, 0.75, 0.25):
        make.candidate(up, metrics={"val/acc": value, "train/loss": 1.0})
        make.candidate(down, metrics={"val/loss": value})
    odd = make.experiment(vision, "unknown-direction")
    make.candidate(odd, metrics={"foo": 1.0})

    page = Page(browser.get(url + "?sort=name"))

    best = dict(zip(names(page), page.column("Best value"), strict=True))
    assert best["up"] == "val/acc max 0.7500"
    assert best["down"] == "val/loss min 0.2500"
    assert best["nothing"].startswith("–") and best["unknown-direction"].startswith("–")
    by = dict(zip(names(page), page.column("By"), strict=True))
    assert (by["up"], by["down"]) == ("#3", "#6")


def test_the_best_value_is_never_of_a_deleted_candidate(browser, vision, url):
    experiment = make.experiment(vision, "sweep")
    best = make.candidate(experiment, metrics={"acc": 0.9})
    make.candidate(experiment, metrics={"acc": 0.5})
    Candidate.objects.filter(pk=best.pk).update(deleted_at=timezone.now())

    assert "acc max 0.5000" in Page(browser.get(url)).column("Best value")


def test_a_metric_that_was_nan_throughout_has_no_best(browser, vision, url):
    experiment = make.experiment(vision, "sweep")
    make.candidate(experiment, metrics={"acc": float("nan")})

    answer = browser.get(url)

    assert answer.status_code == 200
    assert all("acc" not in best for best in Page(answer).column("Best value"))


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("RESNET", ["classification", "resnet"]),
        ("classif", ["classification", "resnet"]),
        ("cosine", ["vit"]),
        ("100%", []),
    ],
)
def test_searches_names_and_descriptions(browser, vision, url, q, found):
    make.experiment(vision, "classification/resnet")
    make.experiment(vision, "vit", tags={"mlflow.note.content": "try a Cosine one"})

    page = Page(browser.get(url, {"q": q, "sort": "name"}))

    if found:
        assert sorted(names(page)) == found
    else:
        assert "No experiment has “100%”" in page.main.text
        assert page.link("Clear search") == "?sort=name"


def test_sorts_by_activity_name_number_and_age(browser, vision, url):
    old = make.experiment(vision, "old")
    make.candidate(old, started_ms=9_000_000_000_000)
    many = make.experiment(vision, "many")
    for _ in range(3):
        make.candidate(many, started_ms=1_000)
    make.experiment(vision, "empty")

    def order(sort):
        return names(Page(browser.get(url, {"sort": sort})))

    assert order("activity") == ["old", "many", "empty", "Default"]
    assert order("name") == ["Default", "empty", "many", "old"]
    assert order("candidates")[:2] == ["many", "old"]
    assert order("created") == ["empty", "many", "old", "Default"]


@pytest.mark.parametrize(
    ("query", "note"),
    [("sort=size", "cannot be sorted by 'size'"), ("view=x", "no view 'x'")],
)
def test_a_bad_value_is_a_note(browser, url, query, note):
    make.experiment(make.project("other"))

    answer = browser.get(f"{url}?{query}")

    assert answer.status_code == 200
    assert note in Page(answer).main.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999"])
def test_a_bad_page_is_some_page(browser, vision, url, page):
    make.experiment(vision)

    assert browser.get(url, {"page": page}).status_code == 200


def test_many_come_in_pages(browser, vision, url):
    Experiment.objects.bulk_create(
        Experiment(project=vision, iid=n, name=f"f/e{n:03}", created_ms=n, updated_ms=n)
        for n in range(1, 121)
    )

    first = Page(browser.get(url + "?sort=name"))
    second = Page(browser.get(url + first.link("Next")))

    assert "1–100 of 121 experiments" in first.main.text
    assert (names(first)[0], names(first)[-1]) == ("Default", "e099")
    assert (names(second)[0], names(second)[-1]) == ("f", "e120")
    assert second.link("Previous") == "?sort=name&page=1"


def test_only_the_live_ones(browser, vision, url):
    make.candidate(make.experiment(vision, "running"))
    make.experiment(vision, "idle")

    assert names(Page(browser.get(url + "?view=live"))) == ["running"]


def test_a_project_without_any_candidate_says_what_to_do(browser, vision, url):
    before = Page(browser.get(url)).main.all("pre")
    make.candidate(make.experiment(vision))
    after = Page(browser.get(url)).main.all("pre")

    address = 'mlflow.set_tracking_uri("http://testserver/p/vision")'
    assert address in before[0].exact
    assert not after


@pytest.mark.parametrize("number", [1, 30])
def test_costs_the_same_for_one_or_thirty(
    browser, vision, url, number, django_assert_num_queries
):
    for place in range(number):
        experiment = make.experiment(vision, f"f{place % 4}/e{place}")
        make.candidate(experiment, metrics={"val/acc": 0.5, "lr": 0.1})
        make.candidate(experiment, metrics={"val/loss": 0.5})
        status(make.candidate(experiment), Status.FAILED)
    browser.get(url)

    # project, how many, page, states, last points, notes, keys, best ids, best rows
    with django_assert_num_queries(9):
        browser.get(url)


def test_hostile_names_stay_text(browser, vision, url):
    experiment = make.experiment(
        vision, f"a/{HOSTILE}", tags={"mlflow.note.content": HOSTILE}
    )
    make.candidate(experiment, metrics={"val/acc": 1.0})

    page = Page(browser.get(url, {"q": "img src"}))

    assert is_harmless(page)
    assert HOSTILE in page.main.text


# ---------------------------------------------------------------- making one


def test_makes_an_experiment(browser, vision, url):
    answer = browser.post(
        url + "new/", {"name": "detection/yolo", "description": "**night**"}
    )

    made = Experiment.objects.get(name="detection/yolo")
    assert answer["Location"] == f"{url}{made.iid}/"
    assert made.tags.get(key="mlflow.note.content").value == "**night**"


@pytest.mark.parametrize("name", ["", "  ", "x" * 501, "a\0b"])
def test_refuses_a_bad_name_beside_the_field(browser, vision, url, name):
    answer = browser.post(url + "new/", {"name": name, "description": "kept"})

    page = Page(answer)
    assert answer.status_code == 422
    assert page.root.one("p", id="id_name_error").text
    assert page.root.one("textarea").text == "kept"


def test_says_that_a_name_is_taken(browser, vision, url):
    make.experiment(vision, "sweep")

    answer = browser.post(url + "new/", {"name": "sweep"})

    assert answer.status_code == 422
    assert "Another experiment has this name." in Page(answer).main.text


def test_says_that_a_name_is_in_the_trash_and_offers_to_restore(browser, vision, url):
    experiment = make.experiment(vision, "sweep")
    experiment.deleted_at = timezone.now() - timedelta(days=2)
    experiment.save()

    page = Page(browser.post(url + "new/", {"name": "sweep"}))

    assert "A deleted experiment has this name." in page.main.text
    [form] = [
        f for f in page.main.all("form") if "restore" in f.attributes.get("action", "")
    ]
    assert form.attributes["action"] == f"{url}{experiment.iid}/restore/"
    assert "2 d ago" in form.text


# ---------------------------------------------------------------- changing one


@pytest.fixture
def sweep(vision):
    return make.experiment(
        vision, "sweep", tags={"mlflow.note.content": "before", "team": "labels"}
    )


def test_renames_and_describes(browser, url, sweep):
    page = Page(browser.get(f"{url}{sweep.iid}/settings/"))
    answer = browser.post(
        f"{url}{sweep.iid}/settings/", {"name": "f/sweep", "description": "after"}
    )

    sweep.refresh_from_db()
    assert page.values("name") == ["sweep"]
    assert page.root.one("textarea").text == "before"
    assert answer["Location"] == f"{url}{sweep.iid}/"
    assert sweep.name == "f/sweep"
    assert dict(sweep.tags.values_list("key", "value")) == {
        "mlflow.note.content": "after",
        "team": "labels",
    }


def test_refuses_a_name_that_another_has(browser, vision, url, sweep):
    make.experiment(vision, "other")

    answer = browser.post(f"{url}{sweep.iid}/settings/", {"name": "other"})

    sweep.refresh_from_db()
    assert (answer.status_code, sweep.name) == (422, "sweep")
    assert "Another experiment has this name." in Page(answer).main.text


def test_deletes_and_restores_with_its_candidates(browser, url, sweep):
    candidate = make.candidate(sweep)

    answer = browser.post(f"{url}{sweep.iid}/delete/")

    assert answer["Location"] == f"{url}?view=deleted"
    gone = browser.get(f"{url}{sweep.iid}/")
    assert gone.status_code == 410
    assert "sweep is deleted" in Page(gone).main.text
    trash = Page(browser.get(answer["Location"]))
    assert names(trash) == ["sweep"]
    assert "sweep" not in names(Page(browser.get(url)))

    [form] = trash.main.one("table").all("form")
    restored = browser.post(form.attributes["action"])

    assert restored["Location"] == f"{url}{sweep.iid}/"
    assert browser.get(restored["Location"]).status_code == 200
    candidate.refresh_from_db()
    assert candidate.deleted_at is None


def test_deleting_what_is_deleted_changes_nothing(browser, url, sweep):
    for _ in range(2):
        answer = browser.post(f"{url}{sweep.iid}/delete/")

    assert answer["Location"] == f"{url}?view=deleted"


@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_changes_only_by_post(browser, url, sweep, verb):
    assert browser.get(f"{url}{sweep.iid}/{verb}/").status_code == 405


@pytest.mark.parametrize(
    "address", ["99/", "99/settings/", f"{2**70}/", f"{2**70}.csv"]
)
def test_an_unknown_experiment_is_not_found(browser, vision, url, address):
    assert browser.get(url + address).status_code == 404


def test_restoring_what_is_not_deleted_changes_nothing(browser, url, sweep):
    answer = browser.post(f"{url}{sweep.iid}/restore/")

    assert answer["Location"] == f"{url}{sweep.iid}/"


# ---------------------------------------------------------------- stars, the archive, the metric


def test_archived_ones_leave_the_list_and_come_back(browser, vision):
    experiment = make.experiment(vision, "old")
    url = f"/p/vision/experiments/{experiment.iid}/"

    browser.post(url + "archive/")

    assert not Page(browser.get("/p/vision/experiments/")).links("old")
    archived = Page(browser.get("/p/vision/experiments/", {"view": "archived"}))
    assert archived.links("old")
    assert "Archived" in Page(browser.get(url)).root.one("h1").text
    browser.post(url + "archive/")
    assert Page(browser.get("/p/vision/experiments/")).links("old")


def test_the_starred_have_a_list_of_their_own(browser, vision):
    experiment = make.experiment(vision, "good")
    make.experiment(vision, "other")
    browser.post(f"/p/vision/experiments/{experiment.iid}/star/")

    page = Page(browser.get("/p/vision/experiments/", {"view": "starred"}))

    assert page.links("good") and not page.links("other")


def test_the_metric_to_judge_by_can_be_chosen(browser, vision):
    experiment = make.experiment(vision, "sweep")
    make.candidate(experiment, metrics={"val/acc": 1, "speed": 2, "other": 3})
    url = f"/p/vision/experiments/{experiment.iid}/"

    browser.post(url + "settings/", {"name": "sweep", "primary": "speed"})

    page = Page(browser.get(url))
    assert "Position of speed from" in " ".join(page.headings)
    browser.post(url + "settings/", {"name": "sweep", "primary": ""})
    assert not experiment.tags.filter(key="tracker.primary").exists()
    wrong = browser.post(url + "settings/", {"name": "sweep", "primary": "nothing"})
    assert wrong.status_code == 422


def test_the_list_is_a_file_too(browser, vision):
    make.candidate(make.experiment(vision, "=cmd()"), metrics={"val/acc": 0.5})

    text = streamed(browser.get("/p/vision/experiments.csv", {"sort": "name"}))
    whole = json.loads(
        streamed(browser.get("/p/vision/experiments.json", {"q": "cmd"}))
    )

    assert text.splitlines()[1].startswith("1,'=cmd(),")
    assert [(row["name"], row["best"], row["best_by"]) for row in whole] == [
        ("=cmd()", 0.5, 1)
    ]


def streamed(answer):
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_every_list_is_a_file_of_all_its_pages(browser, vision, sweep):
    lifecycle.delete_candidate(make.candidate(sweep, name="=gone"))
    make.candidate(sweep, metrics={"val/acc": 1, "loss": 2})
    SavedView.objects.create(
        experiment=sweep, slug="top", name="Top", scope="team", query="q=lr%3D1"
    )

    def rows(path, **query):
        found = json.loads(streamed(browser.get(f"{path}.json", query)))
        table = streamed(browser.get(f"{path}.csv", query)).splitlines()
        assert len(table) == len(found) + 1
        assert [name.split(",")[0] for name in table[:1]] == [next(iter(found[0]))]
        return found

    projects = {row["slug"]: row for row in rows("/projects")}
    assert projects["vision"]["candidates"] == 1
    assert {row["key"] for row in rows("/p/vision/metrics")} == {"val/acc", "loss"}
    [loss] = rows("/p/vision/metrics", q="lo")
    assert (loss["direction"], loss["is_confirmed"]) == ("min", False)
    [gone] = rows("/p/vision/trash")
    assert (gone["kind"], gone["name"]) == ("candidate", "=gone")
    assert ",'=gone," in streamed(browser.get("/p/vision/trash.csv"))
    [view] = rows(f"/p/vision/experiments/{sweep.iid}/views")
    assert (view["slug"], view["query"]) == ("top", "q=lr%3D1")
