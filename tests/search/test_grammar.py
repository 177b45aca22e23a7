"""The search language as a table: text, and what is read or what is expected instead."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.search import grammar
from tracker.search.grammar import And, BadFilter, Comparison, Not, Or, Word


def plain(expression):
    """A tree as nested lists, for reading."""
    match expression:
        case Comparison(name, operator, values):
            key = f"{name.key}.{name.aggregate}" if name.aggregate else name.key
            texts = [v.text if v.is_quoted else f"<{v.text}>" for v in values]
            return [name.entity, key, operator, *texts]
        case Word(text):
            return text
        case Not(part):
            return ["not", plain(part)]
        case And(parts):
            return ["and", *map(plain, parts)]
        case Or(parts):
            return ["or", *map(plain, parts)]


# ---------------------------------------------------------------- as MLflow reads it


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("and", []),
        ("metrics.m = 1", [["metrics", "m", "=", "<1>"]]),
        ("metrics.m>=-1e-3", [["metrics", "m", ">=", "<-1e-3>"]]),
        ("metrics.m<.5", [["metrics", "m", "<", "<.5>"]]),
        ("metrics.a.b != 5.", [["metrics", "a.b", "!=", "<5.>"]]),
        ("AND metrics.m = 1", [["metrics", "m", "=", "<1>"]]),
        ("metrics.m = 1 and", [["metrics", "m", "=", "<1>"]]),
        (
            "metrics.m = 1 and And metric.k = 2",
            [["metrics", "m", "=", "<1>"], ["metric", "k", "=", "<2>"]],
        ),
        (
            "params.a='x'AND params.b='y'",
            [["params", "a", "=", "x"], ["params", "b", "=", "y"]],
        ),
        (
            "params.a = 'x'\n\tAND params.b = 'y'",
            [["params", "a", "=", "x"], ["params", "b", "=", "y"]],
        ),
        ('params.a = "x"', [["params", "a", "=", "x"]]),
        ("params.a = ' AND '", [["params", "a", "=", " AND "]]),
        ("params.a = ''", [["params", "a", "=", ""]]),
        ("params.a = 'it''s'", [["params", "a", "=", "it''s"]]),
        ('params.a = "it\'s"', [["params", "a", "=", "it's"]]),
        ("params.a = 'say \"x\"'", [["params", "a", "=", 'say "x"']]),
        ("params.a = 'ünï—✓'", [["params", "a", "=", "ünï—✓"]]),
        ("params.`a b` = 'x'", [["params", "a b", "=", "x"]]),
        ("params.\"a/b\" = 'x'", [["params", "a/b", "=", "x"]]),
        ("params.'a' = 'x'", [["params", "a", "=", "x"]]),
        ("params.`a.b` = 'x'", [["params", "a.b", "=", "x"]]),
        ("params.`a\"b` = 'x'", [["params", 'a"b', "=", "x"]]),
        ("`params`.a = 'x'", [["params", "a", "=", "x"]]),
        ("tags.mlflow.runName = 'x'", [["tags", "mlflow.runName", "=", "x"]]),
        ("params.é = 'x'", [["params", "é", "=", "x"]]),
        ("params.1 = 'x'", [["params", "1", "=", "x"]]),
        ("params.in = 'x'", [["params", "in", "=", "x"]]),
        ("`run name` = 'x'", [["", "run name", "=", "x"]]),
        ("tags.a like '%x'", [["tags", "a", "LIKE", "%x"]]),
        ("tags.a iLike '%x'", [["tags", "a", "ILIKE", "%x"]]),
        ("tags.a is null", [["tags", "a", "IS NULL"]]),
        ("tags.a IS  Not\nNULL", [["tags", "a", "IS NOT NULL"]]),
        ("run_id IN ('a','b')", [["", "run_id", "IN", "a", "b"]]),
        ("run_id not  in ('a',)", [["", "run_id", "NOT IN", "a"]]),
        ("notes = 'x'", [["", "notes", "=", "x"]]),
        ("android = 'x'", [["", "android", "=", "x"]]),
    ],
)
def test_reads_mlflows_filters(text, expected):
    assert [plain(one) for one in grammar.comparisons(text)] == expected


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("metrics.m > 0 OR 1=1", 15, "AND or the end"),
        ("not params.a = 'x'", 5, "an operator such as `=`"),
        ("(params.a = 'x')", 1, "a condition"),
        ("metrics.a = 1 AND (metrics.b = 2)", 19, "a condition"),
        ("params.a == 'x'", 11, "a value"),
        ("params.a <> 'x'", 11, "a value"),
        ("params.a RLIKE 'x'", 10, "an operator such as `=`"),
        ("params.a NOT LIKE 'x'", 10, "an operator such as `=`"),
        ("params.a BETWEEN 'a' AND 'b'", 10, "an operator such as `=`"),
        ("params.a", 9, "an operator such as `=`"),
        ("metrics.m <", 12, "a value"),
        ("'x' = params.a", 1, "a condition"),
        ("params.a='x'; DROP TABLE", 13, "AND or the end"),
        ("params.a='x' -- c", 14, "AND or the end"),
        ("params.a='x' /* c */", 14, "AND or the end"),
        ("params.a='x' UNION SELECT 1", 14, "AND or the end"),
        ("metrics.m > 1, metrics.n > 1", 14, "AND or the end"),
        ("metrics.m > - 1", 15, "AND or the end"),
        ("params.a=`x`", 10, "a value"),
        ("run_id IN ()", 12, "a value"),
        ("run_id IN 'a'", 11, "a list in parentheses"),
        ("run_id IN ('a'", 15, "a closing parenthesis"),
        ("run_id IN ('a' 'b')", 16, "a closing parenthesis"),
        ("run_id = 'a')", 13, ""),
        ("params.a = 'x", 12, ""),
        ("params.`a = 'x'", 8, ""),
        ('params."a = 1', 8, ""),
        ("params.a/b = 'x'", 1, "a key in backticks"),
        ("params.a-b = 'x'", 1, "a key in backticks"),
        ("params.a:b = 'x'", 1, "a key in backticks"),
        ("params. = 'x'", 1, "a key"),
        ("params.`` = 'x'", 1, "a key"),
        ('metrics."a".max > 1', 1, "a key"),
        ("params.a b = 'x'", 10, "an operator such as `=`"),
        ("params.a = 'x\x00'", 14, ""),
        ("(" * 5000, 1, "a condition"),
        ("sleep(10)", 6, "an operator such as `=`"),
    ],
)
def test_refuses_what_mlflow_refuses(text, position, expected):
    with pytest.raises(BadFilter) as refused:
        grammar.comparisons(text)

    assert (refused.value.position, refused.value.expected) == (position, expected)
    assert f"(character {position})" in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.m", ("metrics", "m", False)),
        ("metrics.m asc", ("metrics", "m", False)),
        ("metrics.`a b`  DESC", ("metrics", "a b", True)),
        ("start_time Desc", ("", "start_time", True)),
        ("tags.a.b.c desc", ("tags", "a.b.c", True)),
        (" attributes.start_time ", ("attributes", "start_time", False)),
        ("desc", ("", "desc", False)),
    ],
)
def test_reads_an_order(text, expected):
    order = grammar.parse_order(text)

    assert (order.name.entity, order.name.key, order.descending) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "metrics.a b",
        "metrics.a ACS",
        "metrics.m DESC NULLS LAST",
        "a, b",
        "params.a/b",
        "random()",
        "1; DROP TABLE x",
        "CASE WHEN 1 THEN 2 END",
        "(SELECT 1)",
        "metrics.m = 1",
        "x" * 10_001,
    ],
)
def test_refuses_an_order(text):
    with pytest.raises(BadFilter):
        grammar.parse_order(text)


# ---------------------------------------------------------------- as pages read it


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["and"]),
        ("lr < 0.01", ["and", ["", "lr", "<", "<0.01>"]]),
        ("lr<0.01", ["and", ["", "lr", "<", "<0.01>"]]),
        (
            "lr < 0.01 and status = running",
            ["and", ["", "lr", "<", "<0.01>"], ["", "status", "=", "<running>"]],
        ),
        ("m:val/acc.max > .9", ["and", ["m", "val/acc.max", ">", "<.9>"]]),
        (
            'metrics."val/loss".min < 1',
            ["and", ["metrics", "val/loss.min", "<", "<1>"]],
        ),
        ("`val/loss`.mean < 1", ["and", ["", "val/loss.mean", "<", "<1>"]]),
        ("m:`a b` is null", ["and", ["m", "a b", "IS NULL"]]),
        ("metrics.val/loss < 1", ["and", ["metrics", "val/loss", "<", "<1>"]]),
        ("val/acc.max > 0.9", ["and", ["val/acc", "max", ">", "<0.9>"]]),
        ("p:lr = 1e-3", ["and", ["p", "lr", "=", "<1e-3>"]]),
        ("t:team in (red, 'blue')", ["and", ["t", "team", "IN", "<red>", "blue"]]),
        ("name ~ '^r\\d+'", ["and", ["", "name", "~", "^r\\d+"]]),
        ("name !~ x", ["and", ["", "name", "!~", "<x>"]]),
        ("start > -7d", ["and", ["", "start", ">", "<-7d>"]]),
        ("start > 2026-01-31T10:00", ["and", ["", "start", ">", "<2026-01-31T10:00>"]]),
        ("resnet", ["and", "resnet"]),
        ("resnet 'warm start'", ["and", "resnet", "warm start"]),
        ('"warm start"', ["and", "warm start"]),
        ("#41", ["and", "#41"]),
        ("r50 lr < 1", ["and", "r50", ["", "lr", "<", "<1>"]]),
        (
            "a = 1 or b = 2 and c = 3",
            [
                "and",
                [
                    "or",
                    ["", "a", "=", "<1>"],
                    ["and", ["", "b", "=", "<2>"], ["", "c", "=", "<3>"]],
                ],
            ],
        ),
        (
            "(a = 1 or b = 2) and not c = 3",
            [
                "and",
                ["or", ["", "a", "=", "<1>"], ["", "b", "=", "<2>"]],
                ["not", ["", "c", "=", "<3>"]],
            ],
        ),
        ("not (a or b)", ["and", ["not", ["or", "a", "b"]]]),
        ("x not in (1) not y", ["and", ["", "x", "NOT IN", "<1>"], ["not", "y"]]),
        ("and a and", ["and", "a"]),
        ("((a))", ["and", "a"]),
    ],
)
def test_reads_pages_filters(text, expected):
    assert plain(grammar.expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("val/loss < ", 12, "a value"),
        ("lr < 1 and (a = 2", 18, "a closing parenthesis"),
        ("a = 1)", 6, ""),
        ("a = 1 or", 9, "a condition"),
        ("not", 4, "a condition"),
        ("a = 'x", 5, ""),
        ("a = 1 ; b", 7, "and, or, or the end"),
        ("a = ()", 5, "a value"),
        ("a in 1", 6, "a list in parentheses"),
        ("()", 2, "a condition"),
    ],
)
def test_says_what_was_expected_where(text, position, expected):
    with pytest.raises(BadFilter) as refused:
        grammar.expression(text)

    assert (refused.value.position, refused.value.expected) == (position, expected)


def test_reads_all_that_mlflow_sends():
    """A text copied from either place means the same."""
    text = "metrics.`a b` > 1 AND params.x = 'y' AND tags.mlflow.user IS NOT NULL"

    strict, lenient = grammar.comparisons(text), grammar.expression(text)

    assert lenient == And(strict)


@pytest.mark.parametrize("read", [grammar.comparisons, grammar.expression])
@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_001,
        "é" * 5_001,
        " AND ".join(["metrics.m = 1"] * 101),
        "not " * 70 + "a",
        "(" * 100 + "a" + ")" * 100,
        "(" * 5000 + ")" * 5000,
    ],
)
def test_has_limits(read, text):
    started = time.perf_counter()

    with pytest.raises(BadFilter):
        read(text)

    assert time.perf_counter() - started < 2


def test_takes_a_hundred_terms():
    text = " AND ".join(f"metrics.m{number} = 1" for number in range(100))

    assert len(grammar.comparisons(text)) == 100


@given(st.text(max_size=60) | st.text("metrics.a`\"'<>=!~ ()andor01, \n", max_size=60))
def test_answers_anything(text):
    """A tree or a BadFilter that points into the text; never another error."""
    for read in (grammar.comparisons, grammar.expression, grammar.parse_order):
        try:
            read(text)
        except BadFilter as refused:
            assert 1 <= refused.position <= len(text) + 1


def test_lists_the_conditions_that_must_all_hold():
    text = "lr < 1 and (a = 1 or b = 2) not c  'd e'"

    found = grammar.conditions(text)

    assert [one.text for one in found] == [
        "lr < 1",
        "(a = 1 or b = 2)",
        "not c",
        "'d e'",
    ]
    assert all(text[one.start : one.end] == one.text for one in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", []), ("a or b", ["a or b"]), ("(a and b)", ["(a and b)"]), ("a", ["a"])],
)
def test_lists_one_condition_where_there_is_no_and(text, expected):
    assert [one.text for one in grammar.conditions(text)] == expected
