"""Every example of docs/search.md does what the document says."""

import math
import re
from pathlib import Path

import pytest

from tests import make
from tracker import lifecycle
from tracker.models import Candidate, Experiment
from tracker.recording import Point
from tracker.search import candidates, table
from tracker.search.grammar import BadFilter
from tracker.search.states import WORDS

TEXT = (Path(__file__).parents[2] / "docs" / "search.md").read_text()
SCRIPTS, PEOPLE = TEXT.split("\n## For ")[1:]
ROW = re.compile(r"^\| (`+)(?P<filter>.+?)\1 \| (?P<rest>.*?) ?\|$", re.M)


def examples(section, heading):
    """The rows of the tables with this second heading: filter, and what it says of it."""
    tables = section.split(f"| filter | {heading} |\n|---|---|\n")[1:]
    return [
        (row["filter"], row["rest"])
        for part in tables
        for row in ROW.finditer(part.split("\n\n")[0])
    ]


FOR_SCRIPTS = examples(SCRIPTS, "finds")
REFUSED = examples(SCRIPTS, "refused, because")
FOR_PEOPLE = examples(PEOPLE, "finds")


@pytest.fixture
def five(experiment):
    now, hour = lifecycle.now_ms(), 3_600_000
    rows = [
        ("baseline", "FINISHED", 2 * hour, "0.1", "resnet50", [0.7, 0.8], "red"),
        ("warm-start", "FINISHED", 45 * 60_000, "1e-2", "resnet50", [0.85, 0.9], "red"),
        ("big", "KILLED", 3 * hour, "0.01", "resnet101", [0.6, 0.95, 0.7], "Blue"),
        ("broken", "FAILED", 20_000, "0.5", "resnet101", [math.nan], "blue"),
        ("new", "RUNNING", None, "0.001", "vit", [], None),
    ]
    first = None
    for name, status, took, lr, model, curve, team in rows:
        tags = {"team": team} if team else {}
        if name == "warm-start":
            tags["mlflow.parentRunId"] = first.eid
        made = make.candidate(
            experiment,
            name=name,
            started_ms=now - 4 * hour,
            params={"lr": lr, "model": model},
            points=[Point("val/acc", v, 0, step) for step, v in enumerate(curve)],
            tags=tags,
        )
        first = first or made
        Candidate.objects.filter(pk=made.pk).update(
            status=status, ended_ms=made.started_ms + took if took else None
        )
    return experiment


def numbers(rows):
    return sorted(row.iid for row in rows)


def expected(text):
    return [int(number) for number in text.split()]


def test_has_examples_of_each_kind():
    assert (len(FOR_SCRIPTS), len(REFUSED), len(FOR_PEOPLE)) == (10, 9, 19)


@pytest.mark.parametrize(("text", "finds"), FOR_SCRIPTS)
def test_finds_in_scripts(five, text, finds):
    page = candidates.find(Experiment.objects.filter(pk=five.pk), text=text)

    assert numbers(page.rows) == expected(finds)


@pytest.mark.parametrize(("text", "because"), REFUSED)
def test_refuses_in_scripts(five, text, because):
    with pytest.raises(BadFilter):
        candidates.find(Experiment.objects.filter(pk=five.pk), text=text)


@pytest.mark.parametrize(("text", "finds"), [*FOR_PEOPLE, *FOR_SCRIPTS])
def test_finds_on_pages(five, text, finds):
    assert numbers(table.page(five, text=text).rows) == expected(finds)


def test_names_every_state_that_can_be_asked_for():
    [listed] = re.findall(r"\| state \| finds.*?\n\n", PEOPLE, re.S)
    rows = listed.strip().splitlines()[2:]
    named = [word for row in rows for word in re.findall("`(.+?)`", row.split("|")[1])]

    assert sorted(named) == sorted(WORDS)
