"""How an address says what to draw, and which candidates."""

import pytest
from django.http import QueryDict

from dashboard import options
from tracker.curves import Axis


@pytest.mark.parametrize(
    "query, name, value",
    [
        ("", "x", None),
        ("x=time", "x", Axis.TIME),
        ("y=log", "is_log", True),
        ("y=lin", "is_log", False),
        ("sm=0.6", "smoothing", 0.6),
        ("sm=ema:0.6", "smoothing", 0.6),
        ("sm=1", "smoothing", 0.99),
        ("sm=0", "smoothing", 0.0),
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
        "sm=gauss:10",
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
