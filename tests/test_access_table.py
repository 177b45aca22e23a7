"""docs/access.md says what the code declares, for every page, route and role."""

import re

import pytest

from tests import permissions
from tracker.access import CEILINGS

PAGE = permissions.PAGE.read_text()
VERBS = re.findall(
    r"^\| ([^|`]+) \| (Reader|Writer|Owner|Signed in|Anyone) \| (.+) \|$", PAGE, re.M
)


def test_lists_every_page_and_route_as_declared():
    written = permissions.MARKED.search(PAGE)[0]

    assert written.splitlines() == permissions.tables().splitlines(), "run: make docs"


def test_has_an_example_for_every_verb():
    assert len(VERBS) == 15


@pytest.mark.parametrize(("verb", "who", "examples"), VERBS)
def test_the_examples_of_a_verb_need_what_it_says(verb, who, examples):
    declared = permissions.declared()
    named = re.findall(r"`(\w+) ([^`]+)`", examples)

    assert named
    for method, name in named:
        assert declared[name][method] == who, f"{verb}: {method} {name}"


def test_the_scopes_are_those_of_the_code():
    scopes = dict(re.findall(r"^\| `(read|log|all)` \| (\w+) \|", PAGE, re.M))

    assert scopes == {scope.value: role.label for scope, role in CEILINGS.items()}
