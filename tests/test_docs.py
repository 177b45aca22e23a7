"""What the documents say is so."""

import re
import tomllib
from pathlib import Path

import pytest

from tracker.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)")


def read(path):
    return (ROOT / path).read_text()


def test_lists_every_setting_and_no_other():
    read_by_us = set(re.findall(r'"(TRACKER_[A-Z0-9_]+)"', read("tracker/settings.py")))
    documented = set(re.findall(r"^\| `(TRACKER_\w+)`", read("docs/settings.md"), re.M))

    assert documented == read_by_us


def test_explains_every_dependency():
    named = {
        REQUIREMENT.match(line)[1]
        for group in (
            PROJECT["project"]["dependencies"],
            *PROJECT["dependency-groups"].values(),
        )
        for line in group
    }
    explained = set(re.findall(r"^\| `([\w.-]+)`", read("docs/dependencies.md"), re.M))

    assert explained == named


def test_pins_every_dependency_and_the_same_everywhere():
    pins = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                name, _, pin = line.partition("==")
                assert pin, f"{path.name}: {line}"
                pins.setdefault(name, {})[path.name] = pin

    assert {name: p for name, p in pins.items() if len(set(p.values())) > 1} == {}
    wanted = {REQUIREMENT.match(line)[1] for line in PROJECT["project"]["dependencies"]}
    assert {name.lower() for name in wanted} - pins.keys() == set()


def test_names_no_package_index():
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text()


def test_begins_the_changelog_with_this_version():
    assert re.search(r"^## (\S+)", read("docs/CHANGELOG.md"), re.M)[1] == VERSION


@pytest.mark.parametrize(
    "path",
    ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))],
)
def test_points_to_files_and_targets_that_exist(path):
    text = read(path)
    folder = (ROOT / path).parent

    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    targets = set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.M))
    made = set(re.findall(r"`make ([a-z-]+)", text))

    assert {link for link in links if not (folder / link).exists()} == set()
    assert made - targets == set()
