"""The metric catalogue: what people confirm, and what follows from it."""

import pytest

from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import catalogue
from tracker.models import MetricRules

URL = "/p/vision/metrics/"


@pytest.fixture
def sweep(vision):
    experiment = make.experiment(vision, "sweep")
    for n in range(3):
        make.candidate(
            experiment,
            metrics={"val/acc": n / 10 + 0.123456, "gap": n + 0.5, "loss": n},
        )
    catalogue.count(experiment)
    return experiment


def confirm(browser, key, direction="min", unit="", digits="4", n="1"):
    return browser.post(
        URL,
        {
            "line": n,
            f"key-{n}": key,
            f"direction-{n}": direction,
            f"unit-{n}": unit,
            f"digits-{n}": digits,
            f"confirm-{n}": "1",
        },
    )


def test_lists_the_metrics_with_a_guess(browser, sweep):
    page = Page(browser.get(URL))

    assert [row[0] for row in page.rows] == ["gap", "loss", "val/acc"]
    chosen = [
        option.text
        for option in page.root.all("option")
        if "selected" in option.attributes and option.attributes["value"]
    ]
    assert chosen == ["neither", "lower is better", "higher is better"]
    assert page.main.text.count("a guess") == 3 + 1  # once in the sentence on top


def test_what_is_confirmed_decides_what_is_best(browser, sweep):
    url = f"/p/vision/experiments/{sweep.iid}/"
    before = Page(browser.get(url, {"cols": "m:gap"}))
    assert not before.root.all("b", class_="best")

    confirm(browser, "gap", "min", unit="mm", digits="2")

    page = Page(browser.get(url, {"cols": "m:gap"}))
    assert "gap min, mm , lower is better" in page.headings
    assert page.column("gap min, mm , lower is better")[-1] == "best: 0.50"


def test_a_confirmed_direction_overrides_the_name(browser, sweep):
    confirm(browser, "val/acc", "none")

    url = f"/p/vision/experiments/{sweep.iid}/"
    page = Page(browser.get(url, {"cols": "m:val/acc"}))

    assert "acc last" in page.headings
    other = make.experiment(make.project("other"))
    make.candidate(other, metrics={"val/acc": 1})
    page = Page(browser.get(f"/p/other/experiments/{other.iid}/"))
    assert "acc max , higher is better" in page.headings


def test_without_the_tick_it_is_a_guess_again(browser, sweep):
    confirm(browser, "gap")
    browser.post(URL, {"line": "1", "key-1": "gap", "direction-1": "min"})

    assert MetricRules.objects.get().rules == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "sideways"},
        {"unit": "x" * 21},
        {"digits": "0"},
        {"digits": "11"},
        {"unit": "\0"},
        {"key": "x" * 251},
        {"key": ""},
    ],
)
def test_refuses_what_is_no_rule(browser, sweep, fields):
    answer = confirm(browser, **{"key": "gap", **fields})

    assert answer.status_code == 302
    assert not MetricRules.objects.exists() or not MetricRules.objects.get().rules


def test_finds_by_a_part_of_the_name(browser, sweep):
    assert [row[0] for row in Page(browser.get(URL, {"q": "ACC"})).rows] == ["val/acc"]
    assert "No metric has" in Page(browser.get(URL, {"q": "\0nothing"})).main.text


def test_hostile_names_stay_text(browser, vision):
    make.candidate(make.experiment(vision), metrics={HOSTILE: 1.0})
    confirm(browser, HOSTILE, unit=HOSTILE[:20])

    assert is_harmless(Page(browser.get(URL, {"q": HOSTILE})))


def test_costs_the_same_for_few_or_many(browser, sweep, django_assert_num_queries):
    for n in range(60):
        make.candidate(sweep, metrics={f"m{n}": 1})

    browser.get(URL)

    with django_assert_num_queries(4):  # project, how many, page, rules
        browser.get(URL)


# ---------------------------------------------------------------- one experiment's own


def confirm_in(browser, experiment, key, **fields):
    url = f"/p/vision/experiments/{experiment.iid}/metrics/"
    said = {"direction": "min", "unit": "", "digits": "4", "aggregate": "", **fields}
    form = {f"{name}-1": value for name, value in said.items()}
    return browser.post(url, {"line": "1", "key-1": key, "confirm-1": "1", **form})


def test_an_experiment_judges_for_itself(browser, vision, sweep):
    other = make.experiment(vision, "other")
    make.candidate(other, metrics={"val/acc": 0.5, "loss": 1})
    confirm(browser, "val/acc", direction="max", unit="%")

    confirm_in(browser, sweep, "val/acc", direction="min", aggregate="mean")

    def heads(experiment):
        page = Page(browser.get(f"/p/vision/experiments/{experiment.iid}/"))
        return [h for h in page.headings if h.startswith("acc")]

    assert heads(sweep) == ["acc mean , lower is better"]
    assert heads(other) == ["acc max, % , higher is better"]
    lines = Page(browser.get(f"/p/vision/experiments/{sweep.iid}/metrics/")).main.text
    assert "a guess" in lines and "as the project says" not in lines
    again = Page(browser.get(f"/p/vision/experiments/{other.iid}/metrics/")).main.text
    assert "as the project says" in again
    # Candidates' pages and the list judge by it too.
    best = Page(browser.get("/p/vision/experiments/"))
    [row] = [row for row in best.rows if "sweep" in row[0]]
    assert "#1" in " ".join(row)


def test_what_an_experiment_takes_back_is_the_projects_again(browser, sweep):
    confirm_in(browser, sweep, "val/acc", direction="min")
    url = f"/p/vision/experiments/{sweep.iid}/metrics/"

    browser.post(url, {"line": "1", "key-1": "val/acc"})

    sweep.refresh_from_db()
    assert sweep.metric_rules is None


@pytest.mark.parametrize(
    "fields", [{"direction": "up"}, {"aggregate": "median"}, {"digits": "99"}]
)
def test_an_experiment_keeps_no_rule_that_makes_no_sense(browser, sweep, fields):
    confirm_in(browser, sweep, "val/acc", **fields)

    sweep.refresh_from_db()
    assert sweep.metric_rules is None
