"""The table of an experiment's candidates."""

import math

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import catalogue, recording
from tracker.models import Candidate, CIBuild


@pytest.fixture
def sweep(vision):
    return make.experiment(
        vision, "sweep", tags={"mlflow.note.content": "Goal: **0.93**\n\nmore"}
    )


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


# ---------------------------------------------------------------- what it shows


def test_shows_the_experiment_and_its_candidates(browser, sweep, url):
    make.finish(
        make.candidate(sweep, name="first", metrics={"val/acc": 0.9}, user_id="ana")
    )
    make.candidate(sweep, name="second", params={"lr": "0.1"}, user_id="ben")

    page = Page(browser.get(url))

    assert page.title == "● 1 sweep · vision"
    assert page.root.one("h1").text == "sweep"
    assert "Goal: 0.93 2 candidates 1 live" in page.main.text
    assert page.column("Candidate") == ["#2 second", "#1 first"]
    assert page.column("State") == ["Live", "Finished"]
    assert page.column("acc max , higher is better") == ["– not logged", "best: 0.9000"]
    assert page.column("lr") == ["0.1", "–"]
    assert page.column("User") == ["ben", "ana"]
    assert page.column("Took")[1] == "1 min"
    assert "2 of 2 candidates" in page.main.one("footer").text


def test_shows_the_whole_description_on_request(browser, sweep, url):
    make.candidate(sweep)

    page = Page(browser.get(url))

    [more] = page.main.all("details", class_="more")
    assert more.one("strong").text == "0.93"
    assert "more" in more.text


def test_leaves_out_deleted_candidates_and_other_experiments(
    browser, vision, sweep, url
):
    make.candidate(sweep, name="kept")
    gone = make.candidate(sweep)
    Candidate.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    make.candidate(make.experiment(vision))

    assert Page(browser.get(url)).column("Candidate") == ["#1 kept"]


def test_an_empty_experiment_shows_code_with_its_name(browser, vision):
    experiment = make.experiment(vision, 'with "quotes"')

    page = Page(browser.get(f"/p/vision/experiments/{experiment.iid}/"))

    code = page.main.one("pre").exact
    assert 'mlflow.set_experiment("with \\"quotes\\"")' in code
    assert 'mlflow.set_tracking_uri("http://testserver/p/vision")' in code


def test_groups_columns_by_their_folder(browser, sweep, url):
    make.candidate(
        sweep,
        metrics={"val/acc": 0.5, "val/loss": 0.5, "train/loss": 0.5},
        params={"lr": "1"},
    )

    page = Page(browser.get(url))

    [row] = page.root.all("tr", class_="prefix")
    cells = [cell for cell in row.children if not isinstance(cell, str)]
    spans = [(cell.text, int(cell.attributes.get("colspan", 1))) for cell in cells[1:]]
    # the strip beside val/acc belongs to val/
    assert spans == [("", 1), ("val/", 3), ("train/", 1), ("parameters", 1), ("", 2)]


def test_writes_numbers_as_people_read_them(browser, sweep, url):
    values = {
        "a": math.nan,
        "b": math.inf,
        "c": -math.inf,
        "d": 0.000012345,
        "e": 1234567.0,
        "f": -0.5,
        "g": 0.0,
    }
    make.candidate(sweep, metrics=values)

    cols = ",".join(f"m:{key}.last" for key in values)
    page = Page(browser.get(url, {"cols": cols}))

    row = [cell for cell in page.rows[0][1:] if cell]
    assert row == ["NaN", "∞", "−∞", "1.234e−5", "1.235e6", "−0.5000", "0"]


def test_every_aggregate_is_a_column(browser, sweep, url):
    make.candidate(sweep, points=make.points("acc", 0.5, math.nan, 0.75, 0.25))

    cols = ",".join(
        f"m:acc.{name}" for name in ("last", "max", "min", "mean", "first", "count")
    )
    page = Page(browser.get(url, {"cols": cols}))

    shown = [cell.removeprefix("best: ") for cell in page.rows[0][1:] if cell]
    assert shown == ["0.2500", "0.7500", "0.2500", "0.5000", "0.5000", "4"]


def test_what_was_only_ever_nan_is_nan_and_not_missing(browser, sweep, url):
    make.candidate(sweep, points=make.points("acc", math.nan))

    page = Page(browser.get(url, {"cols": "m:acc.max,m:acc.mean"}))

    assert [cell for cell in page.rows[0][1:] if cell] == ["NaN", "NaN"]


def test_an_empty_value_is_not_a_missing_one(browser, sweep, url):
    make.candidate(sweep, params={"a": ""})
    make.candidate(sweep, params={"b": "x" * 500})

    page = Page(browser.get(url, {"cols": "p:a,p:b"}))

    assert page.column("a") == ["–", "empty"]
    assert page.column("b") == ["x" * 59 + "…", "–"]


def test_marks_the_best_of_all_that_match_and_not_of_the_page(browser, sweep, url):
    for value in [0.9] + [0.5] * 25:
        make.candidate(sweep, metrics={"val/acc": value, "val/loss": value})

    first = Page(browser.get(url, {"n": "25"}))
    second = Page(browser.get(first.link("Next 25")))

    assert not any(
        "best" in cell for cell in first.column("acc max , higher is better")
    )
    assert sum("best" in c for c in first.column("loss min , lower is better")) == 25
    assert second.column("acc max , higher is better") == ["best: 0.9000"]


def test_a_metric_of_unknown_direction_has_no_best(browser, sweep, url):
    make.candidate(sweep, metrics={"lr": 0.5, "foo": 1.0})

    page = Page(browser.get(url))

    assert not page.main.all("b", class_="best")
    assert "lr last" in page.headings


def test_the_strip_places_values_between_its_ends(browser, sweep, url):
    for value in (0.0, 0.5, 1.0):
        make.finish(make.candidate(sweep, metrics={"acc": value}))
    make.candidate(sweep, metrics={"acc": math.nan})

    page = Page(browser.get(url))

    dots = [
        [circle.attributes["cx"] for circle in row.all("circle")]
        for row in page.root.one("tbody").all("tr")
    ]
    assert dots == [[], ["88.0"], ["48.0"], ["8.0"]]
    [ends] = page.root.all("span", class_="ends")
    assert ends.text == "Position of acc from 0 to 1"


def test_links_to_the_job_the_commit_and_the_files(browser, vision, sweep, url):
    candidate = make.candidate(sweep, tags={"mlflow.source.git.commit": "0123"})
    CIBuild.objects.update_or_create(
        candidate=candidate,
        defaults={
            "provider": "gitlab",
            "job_name": "train",
            "job_url": "https://gitlab.example/jobs/7",
            "commit": "0123456789abcdef",
        },
    )
    Artifact.objects.create(
        project=vision,
        candidate=candidate,
        name="model.pkl",
        blob="b",
        size_bytes=1,
        sha256="",
        uploaded_at=timezone.now(),
    )

    page = Page(browser.get(url, {"cols": "a:ci,a:commit,a:files"}))
    default = Page(browser.get(url))

    assert page.link("train") == "https://gitlab.example/jobs/7"
    assert page.column("Commit") == ["01234567"]
    assert page.link("1 file of #1") == "/p/vision/c/1/artifacts/"
    assert {"CI job", "Files"} <= set(default.headings)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//x"])
def test_a_tag_can_not_make_a_dangerous_link(browser, sweep, url, address):
    candidate = make.candidate(sweep, tags={"mlflow.source.git.commit": "0123"})
    CIBuild.objects.update_or_create(
        candidate=candidate,
        defaults={"provider": "x", "job_name": "job", "job_url": address},
    )

    page = Page(browser.get(url))

    assert page.column("CI job") == ["job"]
    assert not page.links("job")


def test_a_child_links_to_its_parent(browser, sweep, url):
    parent = make.candidate(sweep, name="search")
    make.candidate(sweep, tags={"mlflow.parentRunId": parent.eid})

    page = Page(browser.get(url, {"flat": "1"}))

    assert page.link("child of ‹ #1") == "/p/vision/c/1/"


# ---------------------------------------------------------------- pages, links


def test_walks_through_the_pages(browser, sweep, url):
    for n in range(60):
        make.candidate(sweep, name=f"c{n}", started_ms=n)

    first = Page(browser.get(url, {"n": "25"}))
    second = Page(browser.get(first.link("Next 25")))
    third = Page(browser.get(second.link("Next 25")))
    back = Page(browser.get(third.link("Previous")))

    walked = [
        name for page in (first, second, third) for name in page.column("Candidate")
    ]
    assert walked == [f"#{n + 1} c{n}" for n in reversed(range(60))]
    assert back.column("Candidate") == second.column("Candidate")
    assert not third.links("Next 25") and not first.links("Previous")


def test_links_carry_the_state_and_leave_defaults_out(browser, sweep, url):
    make.candidate(sweep, params={"lr": "1"})

    plain = Page(browser.get(url))
    page = Page(browser.get(url, {"cols": "p:lr", "n": "100", "nonsense": "1"}))

    assert plain.link("lr") == f"{url}?sort=p:lr"
    assert page.link("lr") == f"{url}?sort=p:lr&cols=p:lr&n=100"
    assert page.link("25") == f"{url}?cols=p:lr&n=25"
    assert page.link("50") == f"{url}?cols=p:lr"
    filter_form = next(f for f in page.root.all("form") if f.all("input", name="q"))
    hidden = filter_form.all("input", type="hidden")
    assert [(h.attributes["name"], h.attributes["value"]) for h in hidden] == [
        ("cols", "p:lr"),
        ("n", "100"),
    ]


def test_chosen_rows_are_sent_to_compare_without_any_script(browser, sweep, url):
    make.candidates(sweep, 2)

    page = Page(browser.get(url))

    form = page.root.one("form", id="selection")
    [compare] = [b for b in form.all("button") if b.text == "Compare"]
    assert compare.attributes["formaction"] == "/p/vision/compare/"
    assert form.attributes["method"] == "get"
    boxes = page.root.all("input", name="c", form="selection")
    assert {box.attributes["value"] for box in boxes} == {"1", "2"}


# ---------------------------------------------------------------- how far it is


def way(browser, url):
    """What the state says beside the word, of each row that says anything."""
    page = Page(browser.get(url))
    bars = page.main.all("progress")
    assert all(bar.attributes["max"] == "100" for bar in bars)
    return [bar.attributes["value"] for bar in bars]


def test_a_running_one_says_how_far_it_is(browser, sweep, url):
    ended = make.candidate(
        sweep, params={"epochs": "10"}, points=make.points("loss", 1, 2)
    )
    make.finish(ended)
    points = [recording.Point("loss", 1.0, 1000 + s, s) for s in range(5)]
    make.candidate(sweep, params={"epochs": "8"}, points=points)
    make.candidate(sweep, params={"epochs": "many"}, points=points)

    assert way(browser, url) == ["50"]


@pytest.mark.parametrize(
    ("ends", "said"), [((8, 8, 8), ["50"]), ((8, 8), []), ((8, 8, 9), [])]
)
def test_a_total_is_learned_from_three_that_ended_alike(
    browser, sweep, url, ends, said
):
    for n, end in enumerate(ends):
        points = [recording.Point("loss", 1.0, 1000, end - 1)]
        make.finish(make.candidate(sweep, points=points, started_ms=n))
    make.candidate(sweep, points=[recording.Point("loss", 1.0, 1000, 4)])

    assert way(browser, url) == said


# ---------------------------------------------------------------- costs, dangers


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize(("rows", "keys"), [(26, 1), (60, 25)])
def test_costs_the_same_whatever_its_size(
    browser, vision, sweep, url, rows, keys, counted, django_assert_num_queries
):
    parent = make.candidate(sweep)
    for n in range(rows):
        make.candidate(
            sweep,
            metrics={f"val/acc{k}": n for k in range(keys)},
            params={f"p{k}": str(n) for k in range(keys)},
            tags={"team": "x", "mlflow.parentRunId": parent.eid},
        )
    if counted:
        catalogue.count(sweep)
    cols = [f"m:val/acc{k}" for k in range(keys)] + [f"p:p{k}" for k in range(keys)]
    query = {"cols": ",".join([*cols, "t:team", "a:ci", "a:files"]), "n": "25"}
    browser.get(url, query)

    # project, experiment, keys, views, page, children, files with jobs and parents,
    # metrics, params and tags, best; as long as nobody has counted the catalogue: the
    # params of this page
    with django_assert_num_queries(10 if counted else 11):
        browser.get(url, query)


@pytest.mark.parametrize("rows", [30, 60])
def test_a_filter_and_an_order_cost_the_same_whatever_matches(
    browser, sweep, url, rows, django_assert_num_queries
):
    for n in range(rows):
        make.candidate(sweep, metrics={"val/acc": float(n)}, params={"lr": str(n)})
    catalogue.count(sweep)
    query = {"q": "lr >= 0", "sort": "-m:val/acc.max", "n": "25"}
    browser.get(url, query)

    # project, experiment, keys, views, where to begin, how many, page, files with jobs and
    # parents, metrics, params, best
    with django_assert_num_queries(11):
        browser.get(url, query)


def test_a_page_of_fifty_is_small_on_the_wire(browser, sweep, url):
    import gzip

    for n in range(50):
        make.candidate(
            sweep,
            metrics={f"val/m{k}": n / (k + 7) for k in range(6)},
            params={f"p{k}": str(n * k) for k in range(6)},
        )

    content = browser.get(url).content

    assert len(gzip.compress(content)) < 20_000


def test_hostile_names_stay_text(browser, vision):
    experiment = make.experiment(vision, HOSTILE)
    make.candidate(
        experiment,
        name=HOSTILE,
        user_id=HOSTILE,
        metrics={HOSTILE: 1.0},
        params={HOSTILE: HOSTILE},
        tags={HOSTILE: HOSTILE},
    )
    url = f"/p/vision/experiments/{experiment.iid}/"

    for query in (
        {},
        {"q": HOSTILE, "sort": HOSTILE, "cols": HOSTILE, "find": HOSTILE},
    ):
        page = Page(browser.get(url, query))
        assert is_harmless(page)

    boxes = Page(browser.get(url)).root.one("form", id="columns").all("input")
    addresses = [b.attributes["value"] for b in boxes if b.attributes["name"] == "cols"]
    page = Page(browser.get(url, {"cols": addresses}))
    assert is_harmless(page)
    assert not page.main.all("p", role="status")
    assert page.column(HOSTILE)[0] == HOSTILE
