"""Charts as they stand in an address."""

import pytest

from dashboard.charts.chart_specs import (
    KINDS,
    MAX_CHARTS,
    Spec,
    Unreadable,
    read,
    read_many,
)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("line!val/loss", Spec("line", ("val/loss",))),
        ("line!val/loss!log", Spec("line", ("val/loss",), True)),
        ("line!log", Spec("line", ("log",))),
        ("line!a%21b%2521", Spec("line", ("a!b%21",))),
        ("box!acc!model!more", Spec("box", ("acc", "model"))),
        ("scatter!p:lr!m:acc", Spec("scatter", ("p:lr", "m:acc"))),
        ("scatter!p:lr!m:acc!", Spec("scatter", ("p:lr", "m:acc"))),
        ("parallel", Spec("parallel", ())),
        ("parallel!p:a!p:b!m:c", Spec("parallel", ("p:a", "p:b", "m:c"))),
        ("images!plots/cm.png", Spec("images", ("plots/cm.png",))),
    ],
)
def test_is_read(text, spec):
    assert read(text) == spec
    assert read(spec.text) == spec


@pytest.mark.parametrize("key", ["a!b", "100%", "%21", "a!log", "<b>", "ä", "!"])
def test_any_key_survives_the_way_there_and_back(key):
    spec = Spec("scatter", (f"p:{key}", f"m:{key}"))

    assert read(spec.text) == spec


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pie!a", "no kind of chart"),
        ("", "no kind of chart"),
        ("line", "needs metric"),
        ("line!", "needs metric"),
        ("box!acc", "needs metric, then by"),
        ("contour!a!!b", "needs across, then up, then metric"),
    ],
)
def test_says_what_is_missing(text, problem):
    with pytest.raises(Unreadable, match=problem):
        read(text)


def test_reads_many_once_each_and_not_endlessly():
    problems: list[str] = []

    found = read_many(["line!a", "line!a", "pie", "", *(f"line!{n}" for n in range(99))],
                      problems)  # fmt: skip

    assert len(found) == MAX_CHARTS
    assert found[0] == Spec("line", ("a",))
    assert len(problems) == 2


def test_every_kind_has_a_title():
    for name, kind in KINDS.items():
        fields = tuple(f"p:{n}" for n in range(len(kind.fields)))
        assert Spec(name, fields).title
