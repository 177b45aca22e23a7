"""The candidates table with several candidates to a row: groups, trees, a baseline."""

import csv
import io
import json

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker import lifecycle, many
from tracker.models import Candidate, Experiment, Status


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


@pytest.fixture
def seeds(sweep):
    """Two configurations of three seeds each, and one that stands alone."""
    for model, start in (("a", 0.90), ("b", 0.80)):
        for seed in range(3):
            make.candidate(
                sweep,
                name=f"{model}-{seed}",
                metrics={"val/acc": start + seed / 100},
                params={"model": model, "seed": str(seed)},
            )
    make.candidate(sweep, metrics={"val/acc": 0.85}, params={"model": "c", "seed": "0"})
    return sweep


def lines(page):
    return page.root.all("tbody")[0].all("tr")


def names(page):
    return [line.one("th").text for line in lines(page)]


# ---------------------------------------------------------------- groups


def test_repeats_are_one_row_with_mean_and_interval(browser, seeds, url):
    page = Page(browser.get(url, {"group": "~seed", "sort": "-m:val/acc.max"}))

    assert names(page) == ["a ×3 candidates", "#7 " + Candidate.objects.get(iid=7).name,
                           "b ×3 candidates"]  # fmt: skip
    # t(0.975, 2) × 0.01 / √3
    assert page.column("acc max , higher is better") == [
        "0.9100 ±0.0248",
        "0.8500",
        "0.8100 ±0.0248",
    ]
    assert "seed" not in page.headings
    assert page.column("State")[0] == "3 live"
    assert "3 of 3 groups, 7 candidates" in page.main.one("footer").text


@pytest.mark.parametrize(
    ("agg", "shown"),
    [("mean", "0.9100 ±0.0248"), ("median", "0.9100"), ("min", "0.9000"), ("max", "0.9200")],
)  # fmt: skip
def test_a_group_shows_what_is_asked_of_its_members(browser, seeds, url, agg, shown):
    query = {"group": "~seed", "sort": "-m:val/acc.max", "agg": agg}

    page = Page(browser.get(url, query))

    assert page.column("acc max , higher is better")[0] == shown


def test_the_mean_of_a_group_does_not_depend_on_what_else_is_shown(browser, seeds, url):
    everything = Page(browser.get(url, {"group": "~seed", "sort": "m:val/acc.max"}))
    first = Page(
        browser.get(url, {"group": "~seed", "sort": "m:val/acc.max", "q": "model = b"})
    )

    assert everything.column("acc max , higher is better")[0] == "0.8100 ±0.0248"
    assert first.column("acc max , higher is better") == ["0.8100 ±0.0248"]


def test_a_group_opens_and_lists_its_members(browser, seeds, url):
    page = Page(browser.get(url, {"group": "~seed", "sort": "-m:val/acc.max"}))

    opened = Page(browser.get(page.link("Open model a")))

    assert len(opened.rows) == 6
    assert "a-2" in names(opened)[1]
    assert Page(browser.get(opened.link("Close model a"))).rows != opened.rows
    [box] = [b for b in opened.root.all("input", name="c") if "," in b.attributes["value"]
             and "1" in b.attributes["value"].split(",")]  # fmt: skip
    assert set(box.attributes["value"].split(",")) == {"1", "2", "3"}


def test_no_two_configurations_have_the_same_name(browser, sweep, url):
    for model, batch in (("a", "64"), ("a", "128"), ("b", "64")):
        for seed in "01":
            params = {"model": model, "batch": batch, "seed": seed, "constant": "1"}
            make.candidate(sweep, params=params)

    page = Page(browser.get(url, {"group": "~seed", "cols": "p:model"}))

    # The column on show says what "a" is; of the other the name says its key.
    found = sorted(name.removesuffix(" ×2 candidates") for name in names(page))
    assert found == ["a · batch 128", "a · batch 64", "b · batch 64"]


def test_groups_by_the_values_of_a_param_and_those_without_it(browser, sweep, url):
    for model in ("a", "a", "b", None, None):
        make.candidate(sweep, params={"model": model} if model else {})

    page = Page(browser.get(url, {"group": "p:model"}))

    assert sorted(name.split(" ×")[0] for name in names(page) if "×" in name) == [
        "a",
        "no model",
    ]
    assert len(page.rows) == 3


def test_candidates_without_any_param_are_no_repeats(browser, sweep, url):
    make.candidates(sweep, 3)

    assert len(Page(browser.get(url, {"group": "~seed"})).rows) == 3


def test_groups_are_paged_and_what_is_missing_comes_last(browser, sweep, url):
    for n in range(30):
        for seed in range(2):
            metrics = {"val/acc": float(n)} if n else {}
            params = {"lr": str(n), "seed": str(seed)}
            make.candidate(sweep, metrics=metrics, params=params)
    query = {"group": "~seed", "sort": "m:val/acc.max", "n": "25"}

    first = Page(browser.get(url, query))
    last = Page(browser.get(first.link("Next 25")))

    assert (len(first.rows), len(last.rows)) == (25, 5)
    assert first.column("acc max , higher is better")[0].startswith("1")
    assert last.column("acc max , higher is better")[-1].startswith("–")
    assert last.link("Previous")


@pytest.mark.parametrize("rows", [4, 40])
def test_groups_cost_the_same_whatever_their_number(
    browser, sweep, url, rows, django_assert_num_queries
):
    for n in range(rows):
        for seed in range(2):
            make.candidate(
                sweep,
                metrics={"val/acc": n},
                params={"lr": str(n), "seed": str(seed)},
                tags={"team": "x"},
            )
    query = {
        "group": "~seed",
        "sort": "-m:val/acc.max",
        "cols": "m:val/acc,p:lr,t:team",
    }
    browser.get(url, query)

    # project, experiment, keys, views, groups, members, params that nobody has counted,
    # metrics, params and tags, best, names
    with django_assert_num_queries(11):
        browser.get(url, query)


def test_the_file_of_groups_is_what_the_page_shows(browser, seeds, url):
    query = {"group": "~seed", "sort": "-m:val/acc.max", "cols": "m:val/acc,p:model"}

    answer = browser.get(url.rstrip("/") + ".csv", query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    whole = json.loads(
        b"".join(browser.get(url.rstrip("/") + ".json", query).streaming_content)
    )

    assert rows[0] == ["group", "candidates", "val/acc max", "val/acc max ±", "model"]
    assert [row[:2] for row in rows[1:]] == [
        ["model a", "3"],
        ["model c", "1"],
        ["model b", "3"],
    ]
    assert float(rows[1][2]) == pytest.approx(0.91)
    assert whole[0]["m:val/acc.max"] == pytest.approx(0.91)


# ---------------------------------------------------------------- a baseline


def test_a_baseline_is_pinned_and_every_value_tells_its_distance(browser, seeds, url):
    page = Page(
        browser.get(
            url, {"b": "1", "sort": "-m:val/acc.max", "cols": "m:val/acc,p:model"}
        )
    )

    assert names(page)[0] == "#1 a-0 Baseline"
    assert lines(page)[0].classes == ["pinned"]
    assert len(page.rows) == 7
    assert page.column("acc max , higher is better")[:3] == [
        "0.9000",
        "best: 0.9200 +0.0200 better than baseline",
        "0.9100 +0.0100 better than baseline",
    ]
    assert lines(page)[1].all("span", class_="same")  # the same model


def test_lower_is_better_where_it_is(browser, sweep, url):
    make.candidate(sweep, metrics={"loss": 0.5, "steps": 10})
    make.candidate(sweep, metrics={"loss": 0.25, "steps": 20})

    page = Page(browser.get(url, {"b": "1", "cols": "m:loss,m:steps"}))

    assert page.column("loss min , lower is better")[1].endswith("better than baseline")
    assert page.column("steps last")[1] == "20 +10"


def test_the_baseline_of_everyone_is_a_tag_and_an_address_overrides_it(
    browser, seeds, url
):
    lifecycle.set_experiment_tag(seeds, "tracker.baseline", "4")

    assert "Baseline" in names(Page(browser.get(url)))[0]
    assert names(Page(browser.get(url)))[0].startswith("#4")
    assert names(Page(browser.get(url, {"b": "2"})))[0].startswith("#2")
    assert not any("Baseline" in n for n in names(Page(browser.get(url, {"b": "0"}))))


@pytest.mark.parametrize("value", ["999", "x", "", "-1", "9" * 30])
def test_a_baseline_that_is_nobody_is_none(browser, seeds, url, value):
    lifecycle.set_experiment_tag(seeds, "tracker.baseline", value)

    assert not any("Baseline" in name for name in names(Page(browser.get(url))))


# ---------------------------------------------------------------- a tree


@pytest.fixture
def nested(sweep):
    parent = make.candidate(sweep, name="search", params={"lr": "0"})
    for n in range(3):
        child = make.candidate(
            sweep,
            name=f"trial-{n}",
            params={"lr": str(n)},
            tags={"mlflow.parentRunId": parent.eid},
            started_ms=parent.started_ms + n + 1,
        )
    make.candidate(sweep, name="deep", tags={"mlflow.parentRunId": child.eid})
    make.candidate(sweep, name="alone")
    return sweep


def test_children_stand_below_their_parents_and_open(browser, nested, url):
    few = Page(browser.get(url))
    assert len(names(few)) == 5  # so few begin open
    page = Page(browser.get(few.link("Close #1")))
    assert names(page) == ["#6 alone", "#1 search 3 inside"]

    opened = Page(browser.get(page.link("Open #1")))
    assert names(opened)[1:] == [
        "#1 search 3 inside",
        "#4 trial-2 1 inside",
        "#3 trial-1",
        "#2 trial-0",
    ]
    deeper = Page(browser.get(opened.link("Open #4")))
    assert names(deeper)[3] == "#5 deep"


def test_the_tree_can_be_laid_flat(browser, nested, url):
    page = Page(browser.get(url, {"flat": "1"}))

    assert len(page.rows) == 6


def test_a_filter_keeps_ancestors_and_dims_them(browser, nested, url):
    page = Page(browser.get(url, {"q": "name = deep"}))

    assert names(page) == ["#1 search", "#4 trial-2", "#5 deep"]
    assert [line.classes for line in lines(page)] == [["dim"], ["dim"], []]
    assert "1 of 1 matching" in page.main.one("footer").text


def test_children_of_an_archived_parent_stand_by_themselves_and_say_so(
    browser, nested, url
):
    Candidate.objects.update(status=Status.FINISHED, ended_ms=9)
    search = Candidate.objects.get(name="search")
    many.archive([search.pk])

    page = Page(browser.get(url))
    found = Page(browser.get(url, {"q": "name = trial-1"}))

    assert [name.split(" child")[0] for name in names(page)] == [
        "#6 alone",
        "#4 trial-2 1 inside",
        "#3 trial-1",
        "#2 trial-0",
    ]
    assert names(found) == ["#3 trial-1 child of ‹ #1 archived"]
    with_it = names(Page(browser.get(url, {"archived": "1"})))
    assert "#1 search Archived 3 inside" in with_it

    many.unarchive([search.pk])
    children = Candidate.objects.filter(parent_eid=search.eid)
    many.archive(children.values_list("pk", flat=True))
    assert "#1 search" in names(Page(browser.get(url)))  # and nothing to open


@pytest.mark.parametrize("query", [{}, {"q": "name like '%'"}, {"open": "1,2,3"}])
def test_nobody_is_lost_who_names_itself_or_each_other_as_parent(
    browser, sweep, url, query
):
    one, two, three = make.candidates(sweep, 3)
    Candidate.objects.filter(pk=one.pk).update(parent_eid=two.eid)
    Candidate.objects.filter(pk=two.pk).update(parent_eid=one.eid)
    Candidate.objects.filter(pk=three.pk).update(parent_eid=three.eid)
    make.candidate(sweep, tags={"mlflow.parentRunId": "f" * 32})

    page = Page(browser.get(url, query))

    assert len(page.rows) >= 3
    assert any("#3" in name for name in names(page))


# ---------------------------------------------------------------- small forms


def test_a_condition_is_added_to_the_filter(browser, seeds, url):
    answer = browser.get(
        url,
        {"q": "seed = 0 or seed = 1", "add_key": "p:model", "add_op": "=", "add_value": "a b"},
    )  # fmt: skip

    page = Page(browser.get(answer.url))
    text = page.root.one("input", id="q").attributes["value"]
    assert text == "(seed = 0 or seed = 1) and p:model = 'a b'"


def test_a_broken_filter_keeps_what_the_last_good_one_found(browser, seeds, url):
    page = Page(browser.get(url, {"q": "model = a and (", "was": "model = a"}))

    assert len(page.rows) == 3
    assert "still shows what model = a found" in page.main.text


def test_columns_move(browser, seeds, url):
    query = {"cols": "p:model,p:seed,m:val/acc", "up": "m:val/acc.max"}

    answer = browser.get(url, query)

    assert "cols=p:model,m:val/acc.max,p:seed" in answer.url


def test_the_value_at_a_step_is_a_column(browser, sweep, url):
    from tracker import recording

    points = [recording.Point("loss", 1 / (s + 1), s, s) for s in range(5)]
    make.candidate(sweep, points=points)

    page = Page(browser.get(url, {"cols": "m:loss.at(3),m:loss.at(99)"}))

    assert page.column("loss at(3) , lower is better") == ["0.2500"]
    assert page.column("loss at(99) , lower is better")[0].startswith("–")


def test_sorts_by_several_columns_and_says_in_which_order(browser, seeds, url):
    page = Page(
        browser.get(url, {"sort": "p:seed,-m:val/acc.max", "cols": "p:seed,m:val/acc"})
    )

    assert page.column("seed 1") == ["0", "0", "0", "1", "1", "2", "2"]
    assert [v.split()[-1] for v in page.column("acc max 2 , higher is better")[:3]] == [
        "0.9000",
        "0.8500",
        "0.8000",
    ]


# ---------------------------------------------------------------- what changes live


def test_nothing_new_is_no_content(browser, seeds, url):
    page = Page(browser.get(url))
    body = page.root.all("tbody")[0].attributes

    answer = browser.get(body["data-changes"], {"since": body["data-version"]})

    assert answer.status_code == 204


def test_new_values_and_new_candidates_change_the_version(browser, seeds, url):
    body = Page(browser.get(url)).root.all("tbody")[0].attributes
    Candidate.objects.filter(iid=1).update(written_ms=2**50)

    changed = Page(browser.get(body["data-changes"], {"since": body["data-version"]}))
    fresh = changed.root.one("tbody").attributes
    make.candidate(seeds)
    more = Page(browser.get(body["data-changes"], {"since": fresh["data-version"]}))

    assert fresh["data-version"] != body["data-version"]
    assert fresh["data-total"] == "7"
    assert more.root.one("tbody").attributes["data-total"] == "8"


def test_ending_changes_the_version(browser, seeds, url):
    body = Page(browser.get(url)).root.all("tbody")[0].attributes
    Candidate.objects.filter(iid=1).update(status=Status.FINISHED, ended_ms=1)

    answer = browser.get(body["data-changes"], {"since": body["data-version"]})

    assert answer.status_code == 200
    assert Experiment.objects.filter(name="sweep").exists()


def test_a_poll_without_news_costs_two_statements(
    browser, seeds, url, django_assert_num_queries
):
    body = Page(browser.get(url)).root.all("tbody")[0].attributes

    with django_assert_num_queries(2):
        browser.get(body["data-changes"], {"since": body["data-version"]})
