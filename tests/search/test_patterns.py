"""Regular expressions in a filter: what is taken, and for how long."""

import time
from contextlib import suppress

import pytest
from django.db import connection

from tests import make
from tracker.errors import Invalid
from tracker.search import regular, table
from tracker.search.grammar import BadFilter


def names(experiment, text="", **options):
    return [row.name for row in table.page(experiment, text=text, **options).rows]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("((((a{1000}){1000}){1000}){1000})", "repeats too much"),
        ("(?:(?:[)]a?){999,}\\)){999}?", "repeats too much"),
        ("a{999}{999}", "repeats too much"),
        ("(?i)(?:ab){99999999999999999999}", "repeats too much"),
        ("(?R)", "calls itself"),
        ("(?<a>b(?&a))", "calls itself"),
        ("(b(?1))", "calls itself"),
        ("(?x)(a{100}) {100} #\n{100}", "changes how it is read"),
        ("(a{100})(?#)){100}{100}", "changes how it is read"),
        ("(?iV1)[a--b]", "changes how it is read"),
        ("a" * 1001, "more than 1000 characters"),
    ],
)
def test_takes_no_pattern_that_grows_beyond_measure(experiment, pattern, problem):
    with pytest.raises(BadFilter, match=problem):
        table.page(experiment, text=f"name ~ '{pattern}'")


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("", 0),
        ("abc", 3),
        ("a{2", 3),
        ("a{20,}?b", 21),
        ("(ab){3}", 9),
        ("[(){2}]{5}", 5),
        (r"\({4}", 4),
        (r"[]\]{9}]{2}", 2),
        ("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", 41),
    ],
)
def test_counts_what_a_pattern_is_when_written_out(pattern, parts):
    assert regular.parts(pattern) == parts


def test_finds_a_pattern_that_counts(experiment):
    made = make.candidate(experiment, name="0190163d-8694-739b-aea5-966c26f8ad91")
    uuid = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

    assert names(experiment, f"name ~ '{uuid}'") == [made.name]


def test_bears_a_pattern_of_many_parentheses(experiment):
    with suppress(Invalid):  # how many are too many is Python's business
        table.page(experiment, text=f"name ~ '{'(' * 490}{')' * 490}'")


def test_a_regular_expression_has_a_time_limit(experiment, monkeypatch):
    """Backreferences make either database try for ages."""
    text = "a" * 3000 + "b" + "a" * 10 + "c"
    make.candidate(experiment, name="x", tags={"t": text})
    monkeypatch.setattr(regular, "SECONDS", 0.2)
    started = time.perf_counter()

    with pytest.raises(Invalid, match="takes too long"):
        table.page(experiment, text=r"t:t ~ '^(a*)(a*)(a*)b\1\2\3\1c$'")

    assert time.perf_counter() - started < 10
    assert names(experiment, "name ~ x") == ["x"]
    with connection.cursor() as cursor:  # the connection is as it was
        cursor.execute("SELECT 1")
