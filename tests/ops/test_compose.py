"""docker-compose.yml and its Dockerfile say what the documents say, and give nothing away.

There is no Docker here: what can be known without it is held here, and the processes
themselves are started from the same file in tests/client/test_compose.py.
"""

import re
import subprocess
import sys

import pytest

from tests.live import ROOT, environment
from tests.team import OURS, compose

SERVICES = compose()["services"]
# What an operator may set from outside, in the file's own words.
ASKED = {"TRACKER_HOST", "TRACKER_PROXIES", "TRACKER_PORT", "TRACKER_WORKERS"}


def documented():
    text = (ROOT / "docs/settings.md").read_text()
    return set(re.findall(r"^\| `(TRACKER_\w+)`", text, re.M))


@pytest.mark.parametrize("service", ["prepare", *OURS])
def test_sets_only_what_is_documented(service):
    names = {
        name.removesuffix("_FILE")
        for name in SERVICES[service]["environment"]
        if name.startswith("TRACKER_")
    }

    assert names <= documented()
    assert {"TRACKER_MODE", "TRACKER_SECRET_KEY", "TRACKER_ARTIFACTS_URL"} <= names


def test_asks_only_for_what_the_operators_page_names():
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{(TRACKER_\w+)", text))

    assert asked == ASKED
    page = (ROOT / "docs/operating.md").read_text()
    assert {name for name in asked if f"`{name}`" not in page} == set()


def test_has_every_secret_in_a_file_that_the_page_makes():
    page = (ROOT / "docs/operating.md").read_text()
    for name, where in compose()["secrets"].items():
        assert where == {"file": f"./secrets/{name}"}
        assert name in page
    assert "/secrets/" in (ROOT / ".gitignore").read_text()
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD", name):
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_and_says_how_it_is(name):
    service = SERVICES[name]

    assert "healthcheck" in service or name == "prepare"
    assert service["restart"]
    if "build" not in service:
        assert re.search(r":v?\d", service["image"]), "a version, never latest"
    for needed, state in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully"
        if needed != "prepare":
            wanted = "service_healthy"
        assert state == {"condition": wanted}


def test_opens_the_web_server_to_its_own_machine_alone():
    open_to = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}

    assert list(open_to) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in open_to["web"])
    assert compose()["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", ["prepare", *OURS])
def test_ours_may_do_little(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not {"privileged", "user", "volumes"} & set(service)


@pytest.mark.parametrize("name", ["prepare", *OURS])
def test_starts_commands_that_exist(name):
    _, manage, command = SERVICES[name]["command"]

    answer = subprocess.run(
        [sys.executable, manage, command, "--help"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert answer.returncode == 0, answer.stderr


def test_the_image_runs_as_nobody_special():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last = [line for line in lines if line.startswith("USER ")][-1]
    number = last.split()[1]

    assert int(number) > 1000
    assert f"uid={number}" in (ROOT / "docker-compose.yml").read_text()
    assert any(f"--uid {number}" in line for line in lines)


def test_the_image_holds_what_the_server_needs_and_no_more():
    let_in = {
        line[1:].strip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    assert all((ROOT / path).exists() for path in let_in)
    for needed in "artifacts dashboard tracker templates static manage.py".split():
        assert needed in let_in
    assert not let_in & {"data", "secrets", ".git", "tests", "."}
