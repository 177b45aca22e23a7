"""The table of an experiment's candidates."""

import csv
import io
import json
import math

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import catalogue, recording
from tracker.models import Candidate, CIBuild, Key, Status


@pytest.fixture
def sweep(vision):
    return make.experiment(
        vision, "sweep", tags={"mlflow.note.content": "Goal: **0.93**\n\nmore"}
    )


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def series(key, *values):
    return [recording.Point(key, v, 1000 + i, i) for i, v in enumerate(values)]


def finish(candidate, status=Status.FINISHED, seconds=90):
    ended = candidate.started_ms + seconds * 1000
    Candidate.objects.filter(pk=candidate.pk).update(status=status, ended_ms=ended)


# ---------------------------------------------------------------- what it shows


def test_shows_the_experiment_and_its_candidates(browser, sweep, url):
    finish(make.candidate(sweep, name="first", metrics={"val/acc": 0.9}, user_id="ana"))
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
    spans = [
        (c.text, int(c.attributes.get("colspan", 1)))
        for c in row.children[1:]
        if not isinstance(c, str)
    ]
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
    make.candidate(sweep, points=series("acc", 0.5, math.nan, 0.75, 0.25))

    cols = ",".join(
        f"m:acc.{name}" for name in ("last", "max", "min", "mean", "first", "count")
    )
    page = Page(browser.get(url, {"cols": cols}))

    shown = [cell.removeprefix("best: ") for cell in page.rows[0][1:] if cell]
    assert shown == ["0.2500", "0.7500", "0.2500", "0.5000", "0.5000", "4"]


def test_what_was_only_ever_nan_is_nan_and_not_missing(browser, sweep, url):
    make.candidate(sweep, points=series("acc", math.nan))

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
        finish(make.candidate(sweep, metrics={"acc": value}))
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


# ---------------------------------------------------------------- columns


def test_chooses_the_weighty_metrics_and_the_params_that_vary(browser, sweep, url):
    for n in range(3):
        make.candidate(
            sweep,
            metrics={"val/acc": n, "val/loss": n, "train/loss": n, "system/gpu": n},
            params={
                "constant": "1",
                "two": str(n % 2),
                "each": str(n),
                "a": str(n % 2),
                "b": str(n % 2),
                "c": str(n % 2),
                "d": str(n % 2),
            },
        )

    uncounted = Page(browser.get(url)).headings
    catalogue.count(sweep)
    counted = Page(browser.get(url)).headings

    assert counted == uncounted
    assert [h.split(" ,")[0] for h in counted] == [
        "Candidate",
        "State",
        "acc max",
        "Position of val/acc from 0 to 2",
        "loss min",
        "loss min",
        *["a", "b", "c", "d", "two"],
        "Took",
        "Start",
    ]


def test_shows_the_columns_that_were_asked_for_in_their_order(browser, sweep, url):
    make.candidate(sweep, params={"lr": "1", "a,b": "2"}, tags={"team": "x"})

    page = Page(browser.get(url, {"cols": "t:team,p:a%2Cb,a:start,p:lr"}))
    repeated = Page(browser.get(url + "?cols=t:team&cols=p:a%252Cb&cols=a:start,p:lr"))

    assert page.headings == ["Candidate", "team", "a,b", "Start", "lr"]
    assert repeated.headings == page.headings


def test_the_picker_offers_every_key_and_sends_addresses(browser, sweep, url):
    make.candidate(sweep, params={"lr": "1", "a,b": "2"}, metrics={"acc": 1.0})

    page = Page(browser.get(url, {"cols": "p:lr"}))

    form = page.root.one("form", id="columns")
    boxes = {
        box.attributes["value"]: "checked" in box.attributes
        for box in form.all("input", name="cols")
    }
    assert boxes["p:lr"] is True
    assert (boxes["m:acc.max"], boxes["p:a%2Cb"], boxes["a:start"]) == (False,) * 3
    assert "a:name" not in boxes


def test_the_picker_finds_what_it_does_not_list(browser, sweep, url):
    make.candidate(sweep)
    Key.objects.bulk_create(
        Key(experiment=sweep, kind="m", key=f"layer{n}/grad") for n in range(3000)
    )

    page = Page(browser.get(url))
    found = Page(browser.get(url, {"find": "LAYER2999"}))

    form = page.root.one("form", id="columns")
    assert "2 876 more" in form.text.replace("\u202f", " ")
    choices = found.root.one("form", id="columns").all("input", name="cols")
    assert "m:layer2999/grad.last" in [c.attributes["value"] for c in choices]
    assert found.root.all("details", open="")
    assert len(browser.get(url).content) < 120_000


def test_a_key_may_end_like_an_aggregate(browser, sweep, url):
    make.candidate(sweep, metrics={"x": 1.0, "x.max": 2.0, "y.max": 3.0})

    page = Page(browser.get(url, {"cols": "m:x.max,m:x.max.last,m:y.max"}))

    assert page.headings == ["Candidate", "x max", "", "x.max last", "y.max last"] or (
        [h for h in page.headings if not h.startswith("Position")]
        == ["Candidate", "x max", "x.max last", "y.max last"]
    )


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("cols=p:nothing", "no column 'p:nothing'"),
        ("cols=nonsense", "no column 'nonsense'"),
        ("cols=m:acc.median", "no column 'm:acc.median'"),
        ("cols=%00", "no column"),
        ("sort=-p:nothing", "cannot be sorted by '-p:nothing'"),
        ("sort=a:files", "cannot be sorted by 'a:files'"),
        ("n=7", "'7' is none of these"),
        ("n=%C2%B2", "none of these"),
        ("sort=p%3A%00", "cannot be sorted"),
    ],
)
def test_a_bad_value_is_a_note_beside_the_table(browser, sweep, url, query, note):
    make.candidate(sweep, metrics={"acc": 1.0})

    answer = browser.get(f"{url}?{query}")

    assert answer.status_code == 200
    page = Page(answer)
    assert any(note in p.text for p in page.main.all("p", role="status"))
    assert page.column("Candidate")


@pytest.mark.parametrize("counted", [False, True])
def test_only_differences_hides_what_is_equal(browser, sweep, url, counted):
    for n in range(2):
        make.candidate(
            sweep,
            params={"same": "1", "other": str(n)},
            metrics={"acc": 0.5, "loss": float(n)},
        )
    make.candidate(sweep, params={"same": "1", "other": "1"}, metrics={"acc": 0.5})
    if counted:
        catalogue.count(sweep)

    page = Page(
        browser.get(url, {"diff": "1", "cols": "p:same,p:other,m:acc,m:loss,a:state"})
    )

    kept = [h.split(" ,")[0] for h in page.headings if not h.startswith("Position")]
    assert kept == ["Candidate", "other", "loss min", "State"]
    assert "2 equal columns folded" in page.main.one("footer").text
    box = page.root.one("input", name="diff", type="checkbox")
    assert "checked" in box.attributes


def test_only_differences_over_several_pages_asks_the_catalogue(browser, sweep, url):
    make.candidate(sweep, params={"same": "1", "rare": "1"})
    for _ in range(25):
        make.candidate(sweep, params={"same": "1", "rare": "0"})
    catalogue.count(sweep)

    page = Page(browser.get(url, {"diff": "1", "cols": "p:same,p:rare", "n": "25"}))

    assert page.headings == ["Candidate", "rare"]
    assert set(page.column("rare")) == {"0"}


# ---------------------------------------------------------------- filter, order


@pytest.fixture
def six(sweep):
    """#1 to #6: lr 0, 1, 2 …; val/acc 0.0, 0.1, 0.2 …; the last without a metric."""
    for n in range(6):
        make.candidate(
            sweep,
            name=f"c{n}",
            params={"lr": str(n), "model": "ab"[n % 2]},
            metrics={"val/acc": n / 10, "val/loss": 1 - n / 10} if n < 5 else {},
            started_ms=n,
        )
    return sweep


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("params.lr = 2", ["#3 c2"]),
        ("lr >= 4", ["#6 c5", "#5 c4"]),
        ('metrics."val/acc" > 0.25 and model = a', ["#5 c4"]),
        ("c1 or c2", ["#3 c2", "#2 c1"]),
        ("", ["#6 c5", "#5 c4", "#4 c3", "#3 c2", "#2 c1", "#1 c0"]),
    ],
)
def test_filters(browser, six, url, q, found):
    page = Page(browser.get(url, {"q": q}))

    assert page.column("Candidate") == found
    assert page.values("q")[0] == q
    if q:
        assert f"{len(found)} of 6 match" in page.main.text
    else:
        assert "of 6 match" not in page.main.text


def test_each_condition_is_a_chip_that_can_be_taken_away(browser, six, url):
    page = Page(browser.get(url, {"q": "lr > 1 and model = a", "n": "25"}))

    chips = [chip.one("b").text for chip in page.root.all("span", class_="chip")]
    assert chips == ["lr", "model"]
    rest = Page(browser.get(page.link("Remove lr > 1")))
    assert rest.values("q")[0] == "model = a"
    assert page.link("Remove lr > 1").endswith("n=25")
    assert page.link("Remove model = a").startswith(f"{url}?q=lr")


@pytest.mark.parametrize(
    ("q", "message", "mark"),
    [
        ("lr <", "Expected a value after `<` (character 5).", 4),
        ("lr < 1 and (model = a", "(character 22)", 21),
        ("nonsense = 1", "Nothing here is called `nonsense` (character 1).", 0),
        ("'open", "The quote that opens here is never closed", 0),
    ],
)
def test_a_faulty_filter_shows_its_fault_and_every_row(
    browser, six, url, q, message, mark
):
    answer = browser.get(url, {"q": q})

    page = Page(answer)
    assert answer.status_code == 200
    problem = page.root.one("div", id="filter-problem")
    assert message in problem.one("b").text
    assert problem.one("pre").exact == f"{q}\n{' ' * mark}^"
    assert len(page.rows) == 6
    field = page.root.one("input", id="q")
    assert field.attributes["value"] == q
    assert field.attributes["aria-describedby"] == "filter-problem"
    assert not page.root.all("span", class_="chip")


@pytest.mark.parametrize(
    "q",
    ["\0", "~" * 50, "lr ~ '('", "(" * 500, "lr = " + "9" * 400, "'" * 9, "ﷺ" * 200],
)
def test_no_filter_breaks_the_page(browser, six, url, q):
    for end in ("", "&n=25"):
        assert browser.get(f"{url}?{end}", {"q": q}).status_code == 200


def test_a_fault_far_into_a_long_filter_is_still_pointed_at(browser, six, url):
    q = " or ".join(["lr = 1"] * 40) + " or lr <"

    pre = (
        Page(browser.get(url, {"q": q})).root.one("div", id="filter-problem").one("pre")
    )

    line, mark = pre.exact.split("\n")
    assert line.endswith("or lr <")
    assert len(mark) == len(line) + 1


def test_no_match_says_what_each_condition_costs(browser, six, url):
    page = Page(browser.get(url, {"q": "lr > 3 and model = a and c1", "cols": "p:lr"}))

    assert "No candidate matches" in page.main.text
    costs = [item.text for item in page.main.one("ul", class_="without").all("li")]
    assert costs == [
        "Without model = a 0",
        "Without c1 1",
        "Without lr > 3 0",
    ] or costs == [
        "Without lr > 3 0",
        "Without model = a 0",
        "Without c1 1",
    ]
    assert page.link("Clear filter") == f"{url}?cols=p:lr"


def test_the_best_value_is_of_what_matches(browser, six, url):
    page = Page(
        browser.get(url, {"q": "lr < 3", "cols": "m:val/acc.max,m:val/loss.min"})
    )

    assert page.column("acc max , higher is better") == ["best: 0.2000", "0.1000", "0"]
    assert page.column("loss min , lower is better")[0] == "best: 0.8000"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-m:val/acc.max", [5, 4, 3, 2, 1, 6]),
        ("m:val/acc.max", [1, 2, 3, 4, 5, 6]),
        ("m:val/loss.min", [5, 4, 3, 2, 1, 6]),
        ("-p:lr", [6, 5, 4, 3, 2, 1]),
        ("p:model,-p:lr", [5, 3, 1, 6, 4, 2]),
        ("a:start", [1, 2, 3, 4, 5, 6]),
        ("-a:name", [6, 5, 4, 3, 2, 1]),
    ],
)
def test_sorts_over_all_with_what_is_missing_last(browser, six, url, sort, order):
    page = Page(browser.get(url, {"sort": sort}))

    assert [int(c[1]) for c in page.column("Candidate")] == order


def test_a_header_sorts_with_the_best_first_and_then_turns_round(browser, six, url):
    first = Page(browser.get(url))
    once = Page(browser.get(first.link("acc max , higher is better")))
    twice = Page(browser.get(once.link("acc max , higher is better")))

    assert first.link("acc max , higher is better") == f"{url}?sort=-m:val/acc.max"
    assert first.link("loss min , lower is better") == f"{url}?sort=m:val/loss.min"
    [marked] = [th for th in once.root.all("th") if "aria-sort" in th.attributes]
    assert (marked.text, marked.attributes["aria-sort"]) == (
        "acc max , higher is better",
        "descending",
    )
    assert once.column("Candidate")[0] == "#5 c4"
    assert twice.column("Candidate")[0] == "#1 c0"


@pytest.mark.parametrize("sort", ["-m:val/acc.max", "p:lr", "-p:model", "a:duration"])
def test_every_order_can_be_walked_there_and_back(browser, sweep, url, sort):
    for n in range(60):
        make.candidate(
            sweep,
            name=f"c{n}",
            metrics={"val/acc": float(n % 7)} if n % 5 else {},
            params={"lr": str(n % 3), "model": "x"} if n % 4 else {},
        )
    pages = [Page(browser.get(url, {"sort": sort, "n": "25", "q": "number > 2"}))]
    while next_one := pages[-1].links("Next 25"):
        pages.append(Page(browser.get(next_one[0])))

    names = [name for page in pages for name in page.column("Candidate")]
    back = Page(browser.get(pages[-1].link("Previous")))

    assert len(pages) == 3
    assert len(set(names)) == len(names) == 58
    assert back.column("Candidate") == pages[-2].column("Candidate")


def test_a_link_to_a_page_of_another_filter_leads_to_the_first(browser, sweep, url):
    make.candidates(sweep, 30)
    token = Page(browser.get(url, {"n": "25"})).link("Next 25").rpartition("after=")[2]

    page = Page(browser.get(f"{url}?n=25&q=number>1&after={token}"))

    assert len(page.rows) == 25
    assert "has expired" in page.main.text


def test_the_best_of_very_many_comes_from_the_index(browser, six, url, monkeypatch):
    query = {"q": "lr < 4", "n": "25", "cols": "m:val/acc.max,m:val/loss.min"}
    monkeypatch.setattr("dashboard.matching.Found.is_complete", False)
    few = Page(browser.get(url, query))
    monkeypatch.setattr("dashboard.extremes.FEW", 0)
    many = Page(browser.get(url, query))

    assert few.column("acc max , higher is better")[0] == "best: 0.3000"
    assert few.main.one("table") == many.main.one("table")


def test_files_hold_what_matches_in_the_order_asked(browser, six, url):
    query = {"q": "model = a", "sort": "-m:val/acc.max", "cols": "p:lr"}

    rows = read_csv(browser.get(url[:-1] + ".csv", {**query, "all": "1"}))
    refused = browser.get(url[:-1] + ".csv", {"q": "lr <"})

    assert [row[3] for row in rows] == ["lr", "4", "2", "0"]
    assert refused.status_code == 400
    assert b"Expected a value" in refused.content


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
    assert [box.attributes["value"] for box in boxes] == ["2", "1"]


# ---------------------------------------------------------------- files


def read_csv(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_csv_is_what_the_page_shows(browser, sweep, url):
    candidate = make.candidate(
        sweep,
        name="first",
        points=series("acc", 0.1, 1 / 3),
        params={"lr": "0.1"},
    )
    make.candidate(sweep, name="second", metrics={"acc": math.nan})

    answer = browser.get(url[:-1] + ".csv", {"cols": "m:acc.last,p:lr,a:state"})

    heading, second, first = read_csv(answer)
    assert heading == ["number", "name", "run_id", "acc last", "lr", "State"]
    assert first == ["1", "first", candidate.eid, repr(1 / 3), "0.1", "RUNNING"]
    assert second[3:5] == ["nan", ""]
    assert answer["Content-Disposition"] == 'attachment; filename="sweep.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=cmd()", "'=cmd()"),
        ("+1+1", "'+1+1"),
        ("-x", "'-x"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("-0.5", "-0.5"),
        ("+1e-3", "+1e-3"),
        ("plain", "plain"),
        ('a "b", c\nd', 'a "b", c\nd'),
    ],
)
def test_no_cell_of_the_csv_is_a_formula(browser, sweep, url, value, written):
    make.candidate(sweep, name=value, params={"p": value}, tags={"t": value})

    row = read_csv(browser.get(url[:-1] + ".csv", {"cols": "p:p,t:t"}))[1]

    assert (row[1], row[3], row[4]) == (written, written, written)


def test_the_json_is_what_the_page_shows(browser, sweep, url):
    make.candidate(sweep, name="first", metrics={"acc": 0.5, "b": math.nan})

    answer = browser.get(url[:-1] + ".json", {"cols": "m:acc.last,m:b.last,p:x"})

    [row] = json.loads(b"".join(answer.streaming_content))
    assert (row["number"], row["name"]) == (1, "first")
    assert (row["m:acc.last"], row["m:b.last"]) == (0.5, "NaN")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_all_that_match_come_as_one_file(browser, sweep, url, form, monkeypatch):
    monkeypatch.setattr("dashboard.views.experiment_files.BATCH", 20)
    for n in range(65):
        make.candidate(sweep, name=f"c{n}", started_ms=n)

    shown = browser.get(f"{url[:-1]}.{form}", {"n": "25"})
    every = browser.get(f"{url[:-1]}.{form}", {"n": "25", "all": "1"})

    def names(answer):
        if form == "csv":
            return [row[1] for row in read_csv(answer)[1:]]
        return [row["name"] for row in json.loads(b"".join(answer.streaming_content))]

    assert names(shown) == [f"c{n}" for n in reversed(range(40, 65))]
    assert names(every) == [f"c{n}" for n in reversed(range(65))]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a/b c", "a-b-c.csv"),
        ("..", "experiment-1.csv"),
        ('x"; y=\r\n', "x-y.csv"),
        ("über", "ber.csv"),
        ("实验", "experiment-1.csv"),
    ],
)
def test_any_name_makes_a_file_name(browser, vision, name, file):
    make.experiment(vision, name)

    answer = browser.get("/p/vision/experiments/1.csv")

    assert answer["Content-Disposition"] == f'attachment; filename="{file}"'


def test_an_empty_experiment_is_an_empty_file(browser, sweep, url):
    answer = browser.get(url[:-1] + ".json")

    assert json.loads(b"".join(answer.streaming_content)) == []


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
