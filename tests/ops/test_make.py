"""The Makefile's own sentences, on machines that lack something."""

import re
import shutil
import subprocess

import pytest

from tests.live import ROOT

TOOLS = "make sh grep sed expand rm touch echo id mkdir".split()


@pytest.fixture
def machine(tmp_path):
    """Runs `make` in a fresh checkout, on a machine with these programs and no other."""
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements" / "server.txt").write_text("")
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (programs / tool).symlink_to(found)

    def run(*arguments, **scripts):
        for name, script in scripts.items():
            path = programs / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return subprocess.run(
            ["make", *arguments],
            cwd=tmp_path,
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_lists_what_can_be_made(machine):
    listed = machine().stdout.splitlines()

    assert {re.split(r"\s+", line)[0] for line in listed} >= set(
        "setup serve worker demo test test-postgres test-client lint format types".split()
    )
    assert all(re.match(r"[a-z-]+\s+\S.+", line) for line in listed)


def test_asks_for_a_python_that_is_new_enough(machine):
    answer = machine("setup", python3="exit 1")

    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0].startswith(
        "Tracker needs Python 3.11 or later."
    )


def test_asks_for_the_venv_module(machine):
    old = 'case "$2" in *ensurepip*) exit 1;; esac'

    answer = machine("setup", python3=old)

    assert answer.returncode != 0
    assert "apt install python3-venv" in answer.stderr.splitlines()[0]


def test_begins_again_where_a_set_up_was_broken_off(machine, tmp_path):
    """An environment without its stamp is not trusted, and is made anew."""
    (tmp_path / ".venv").mkdir()
    makes = 'if [ "$1" = -m ]; then echo "$@" >> made; fi'

    machine("setup", python3=makes)

    assert (tmp_path / "made").read_text().startswith("-m venv --clear .venv")


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        ("echo No known vulnerabilities found", 0, "No known"),
        ("echo django 5.2.19 PYSEC-1; exit 1", 2, "PYSEC-1"),
        (
            "echo 'ERROR: amqp: Dependency not found on PyPI and could not be audited'"
            "; exit 1",
            *(2, "could not be asked"),
        ),
        ("echo requests.exceptions.ConnectionError: no; exit 1", 2, "nothing is known"),
    ],
)
def test_tells_what_is_vulnerable_from_what_is_unknown(machine, found, code, says):
    answer = machine("audit", "AUDIT=bin/audit", audit=found)

    assert answer.returncode == code
    assert says in answer.stdout + answer.stderr
