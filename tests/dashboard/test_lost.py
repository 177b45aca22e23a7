"""A candidate that fell silent: what it left behind, and what a person can say of it."""

import pytest

from artifacts import ingest, paths
from tests import make
from tests.dashboard.candidate_page import curve, url
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import liveness
from tracker.models import Candidate, Status, Tag
from tracker.models.states import State, state

pytestmark = pytest.mark.usefixtures("storage")


def silent(sweep, *, files=(), **fields):
    """It logged this, kept these files, and nothing has come since."""
    candidate = make.candidate(sweep, **fields)
    for path, data in files:
        ingest.receive(paths.Place(candidate, path), [data], size_bytes=len(data))
    Candidate.objects.filter(pk=candidate.pk).update(written_ms=1, trained_ms=1)
    return candidate


def panel(browser, candidate):
    page = Page(browser.get(url(candidate)))
    return page.root.one("section", aria_label="Lost contact")


def test_shows_how_its_memory_filled(browser, sweep):
    key = "system/gpu_0_memory_usage_percentage"
    used = curve(key, [40.0, 99.0, 97.0])
    candidate = silent(sweep, points=[*used, *curve("loss", [1.0, 0.5])])

    shown = panel(browser, candidate)

    assert "GPU 0 memory usage had reached 99 %." in shown.text
    [line] = shown.one("dl").all("div")
    assert "97 % at the end, 99 % at most" in line.text
    assert line.all("svg", class_="spark")


def test_shows_the_end_of_the_log_that_came_last(browser, sweep):
    lines = [f"line {number}" for number in range(2000)]
    ended = ["10 %\r50 %\r90 %", f"\x1b[31mkilled {HOSTILE}\x1b[0m", ""]
    text = "\n".join([*lines, *ended]).encode()
    candidate = silent(
        sweep, files=[("logs/old.log", b"long ago\n"), ("logs/train.log", text)]
    )

    page = Page(browser.get(url(candidate)))
    shown = page.root.one("section", aria_label="Lost contact").one("pre").exact

    assert shown.splitlines()[-3:] == ["line 1999", "90 %", f"killed {HOSTILE}"]
    assert len(shown.splitlines()) == 12
    assert page.link("logs/train.log") == url(candidate, "artifacts/logs/train.log")
    is_harmless(page)


def test_says_nothing_of_logs_where_there_are_none(browser, sweep):
    candidate = silent(sweep, files=[("model.bin", b"x")])

    assert not panel(browser, candidate).all("pre")


def test_can_be_marked(browser, sweep):
    candidate = silent(sweep)

    buttons = panel(browser, candidate).all("button")

    said = ["Mark as failed", "Mark as stopped", "Still running"]
    assert [button.text for button in buttons] == said


def test_a_person_can_know_that_it_still_runs(browser, sweep):
    candidate = silent(sweep, points=curve("loss", [1.0]))

    browser.post(url(candidate, "status/"), {"status": "RUNNING"})

    candidate.refresh_from_db()
    assert state(candidate) == State.LIVE
    assert candidate.gaps == ""
    page = Page(browser.get(url(candidate)))
    assert not page.root.all("section", aria_label="Lost contact")


def test_what_was_ended_for_its_silence_can_run_again(browser, sweep):
    candidate = silent(sweep, tags={liveness.CLOSED: "Nothing arrived for 2 hours."})
    Candidate.objects.filter(pk=candidate.pk).update(
        status=Status.FAILED, ended_ms=1, closed_ms=2
    )

    browser.post(url(candidate, "status/"), {"status": "RUNNING"})

    candidate.refresh_from_db()
    assert (candidate.status, candidate.closed_ms) == (Status.RUNNING, None)
    assert not Tag.objects.filter(candidate=candidate, key=liveness.CLOSED).exists()


def test_counts_as_live_nowhere(browser, sweep):
    silent(sweep, params={"lr": "1"})
    shown = [
        Page(browser.get(address)).main.text
        for address in (
            "/projects/",
            "/p/vision/",
            "/p/vision/experiments/",
            "/p/vision/experiments/1/",
            "/p/vision/experiments/1/?group=p:lr",
        )
    ]
    listed = Page(browser.get("/p/vision/experiments/?view=live")).main.text

    assert not [text for text in shown if "1 live" in text or "Live now" in text]
    assert "sweep" not in listed


def test_is_not_called_live_beside_its_curve(browser, sweep):
    lost = silent(sweep, points=curve("loss", [1.0, 0.5]))
    live = make.candidate(sweep, points=curve("loss", [1.0, 0.5]))
    charts = f"/p/vision/experiments/{sweep.iid}/charts/chart.json"

    legend = browser.get(charts, {"ch": "line!loss"}).json()["legend"]

    called = {entry["id"]: entry["is_live"] for entry in legend}
    assert called == {str(lost.iid): False, str(live.iid): True}


def test_a_group_says_how_many_were_lost(browser, sweep):
    for seed in ("1", "2"):
        silent(sweep, params={"lr": "1", "seed": seed})
    make.candidate(sweep, params={"lr": "1", "seed": "3"})

    text = Page(browser.get("/p/vision/experiments/1/?group=p:lr")).main.text

    assert "1 live 2 lost" in text
