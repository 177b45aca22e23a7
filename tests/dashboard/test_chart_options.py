"""How an address says what to draw, and which candidates."""

import pytest
from django.http import QueryDict

from dashboard.charts import options
from tracker.curves import Axis
from tracker.smoothing import Kind


@pytest.mark.parametrize(
    "query, name, value",
    [
        ("", "x", None),
        ("x=time", "x", Axis.TIME),
        ("y=log", "is_log", True),
        ("y=lin", "is_log", False),
        ("x=m:lr", "across", "lr"),
        ("x=m:lr", "x", None),
        ("clip=1", "is_clipped", True),
        ("sm=0.6", "smoothing", (Kind.EMA, 0.6)),
        ("sm=ema:0.6", "smoothing", (Kind.EMA, 0.6)),
        ("sm=1", "smoothing", (Kind.EMA, 0.99)),
        ("sm=0", "smoothing", (Kind.EMA, 0.0)),
        ("sm=avg:25", "smoothing", (Kind.MEAN, 25)),
        ("sm=gauss:10", "smoothing", (Kind.GAUSS, 10)),
        ("sm=10&smk=gauss", "smoothing", (Kind.GAUSS, 10)),
        ("sm=avg:1e9", "smoothing", (Kind.MEAN, 1000)),
        ("sm=env", "smoothing", (Kind.ENVELOPE, 0)),
        ("smk=env", "smoothing", (Kind.ENVELOPE, 0)),
        ("x0=1&x1=2.5", "between", (1.0, 2.5)),
        ("hide=12,14", "hidden", frozenset({"12", "14"})),
    ],
)
def test_reads_what_it_knows(query, name, value):
    read = options.read(QueryDict(query))

    assert getattr(read, name) == value
    assert not read.problems


@pytest.mark.parametrize(
    "query",
    [
        "x=weight",
        "y=exp",
        "sm=2",
        "sm=nan",
        "sm=median:10",
        "sm=gauss:-1",
        "sm=avg:many",
        "x=m:",
        "x0=2&x1=1",
        "x0=1",
        "x0=inf&x1=inf",
        "x=%00",
    ],
)
def test_says_what_it_does_not(query):
    [problem] = options.read(QueryDict(query)).problems

    assert problem.endswith(".")


@pytest.mark.parametrize(
    "texts, iids",
    [
        (["12,14-16"], [12, 14, 15, 16]),
        (["3", "1", "3"], [3, 1]),
        ([" 5 , ,6"], [5, 6]),
        ([""], []),
    ],
)
def test_reads_sets_of_candidates(texts, iids):
    problems = []

    assert options.read_iids(texts, 50, problems) == iids
    assert not problems


@pytest.mark.parametrize(
    "text, iids",
    [
        ("x,3", [3]),
        ("-3", []),
        ("1.5", []),
        ("9-7", []),
        ("٣", []),
        ("1-" + "9" * 17, list(range(1, 51))),
        ("9" * 500, []),
    ],
)
def test_says_which_part_of_a_set_is_none(text, iids):
    problems = []

    assert options.read_iids([text], 50, problems) == iids
    assert problems


@pytest.mark.parametrize(
    "iids, text",
    [([12, 14, 15, 16], "12,14-16"), ([1, 2], "1,2"), ([3, 1], "3,1"), ([], "")],
)
def test_writes_sets_as_short_as_they_go(iids, text):
    assert options.written_iids(iids) == text
    assert options.read_iids([text], 50, []) == iids
