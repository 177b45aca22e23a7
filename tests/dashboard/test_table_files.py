"""The candidates table as CSV, JSON and Markdown."""

import csv
import io
import json
import math

import pytest

from dashboard.table import exports
from tests import make


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def read_csv(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_csv_is_what_the_page_shows(browser, sweep, url):
    candidate = make.candidate(
        sweep,
        name="first",
        points=make.points("acc", 0.1, 1 / 3),
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
        ("\uff1dcmd()", "'\uff1dcmd()"),
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


def test_reads_long_digits_in_one_go():
    """A pattern that tries every way to split them would take minutes."""
    digits = "-" + "0" * 100_000

    assert exports.guarded(digits) == digits
    assert exports.guarded(f"{digits}!") == f"'{digits}!"


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


def test_files_hold_what_matches_in_the_order_asked(browser, sweep, url):
    for n in range(6):
        make.candidate(
            sweep,
            params={"lr": str(n), "model": "ab"[n % 2]},
            metrics={"val/acc": n / 10} if n < 5 else {},
            started_ms=n,
        )
    query = {"q": "model = a", "sort": "-m:val/acc.max", "cols": "p:lr"}

    rows = read_csv(browser.get(url[:-1] + ".csv", {**query, "all": "1"}))
    refused = browser.get(url[:-1] + ".csv", {"q": "lr <"})

    assert [row[3] for row in rows] == ["lr", "4", "2", "0"]
    assert refused.status_code == 400
    assert b"Expected a value" in refused.content
