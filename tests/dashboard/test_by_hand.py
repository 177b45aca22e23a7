"""Candidates entered by hand, moved and locked on their pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.candidate import pasted
from dashboard.candidate.pasted import Value
from tests import make
from tests.dashboard.reading import HOSTILE, Page
from tracker import lifecycle
from tracker.errors import Invalid
from tracker.models import Candidate, Status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr = 0.01\nmodel: r50\n\n# why\na,b", {"lr": "0.01", "model": "r50", "a": "b"}),
        ('{"lr": 0.01, "deep": {"a": 1}, "s": "x"}',
         {"lr": "0.01", "deep": '{"a": 1}', "s": "x"}),
        ("url = http://a.b/c?d=e", {"url": "http://a.b/c?d=e"}),
        ('name = "a b"', {"name": "a b"}),
        ("", {}),
    ],
)  # fmt: skip
def test_reads_parameters(text, expected):
    assert pasted.params(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acc = 0.9\nloss, 0.2, 100", [Value("acc", 0.9), Value("loss", 0.2, 100)]),
        ('{"acc": 1}', [Value("acc", 1.0)]),
        ("step,acc,loss\n0,0.1,2\n1,,1",
         [Value("acc", 0.1, 0), Value("loss", 2.0, 0), Value("loss", 1.0, 1)]),
        ("epoch\tacc\n1\t0.5", [Value("acc", 0.5, 1)]),
        ("", []),
    ],
)  # fmt: skip
def test_reads_metrics(text, expected):
    assert pasted.metrics(text) == expected


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (pasted.params, "lr", "Line 1"),
        (pasted.params, "{not json", "JSON"),
        (pasted.params, "{" * 9000, "JSON"),
        (pasted.params, " = 1", "Line 1"),
        (pasted.metrics, "acc = high", "no number"),
        (pasted.metrics, "acc, 1, soon", "no step"),
        (pasted.metrics, "acc, 1, 1e300", "no step"),
        (pasted.metrics, "step,acc\n1,high", "Line 2"),
    ],
)
def test_says_what_it_cannot_read(read, text, problem):
    with pytest.raises(Invalid, match=problem):
        read(text)


class TestByHand:
    def post(self, browser, sweep, **fields):
        return browser.post(
            f"/p/vision/experiments/{sweep.iid}/new/", {"status": "FINISHED", **fields}
        )

    def test_makes_a_candidate_with_all_that_was_entered(self, browser, sweep, storage):
        answer = self.post(
            browser,
            sweep,
            name="from a paper",
            params="lr = 0.1",
            metrics="acc, 0.5, 1\nacc, 0.9, 2",
            note="Table 3",
            uploads=[
                SimpleUploadedFile("a.txt", b"hello"),
                SimpleUploadedFile("b.txt", b""),
            ],
        )

        made = Candidate.objects.get()
        assert answer["Location"] == f"/p/vision/c/{made.iid}/"
        assert (made.name, made.status) == ("from a paper", Status.FINISHED)
        assert made.ended_ms is not None
        assert made.params.get().value == "0.1"
        assert (made.metrics.get().max_value, made.metrics.get().step) == (0.9, 2)
        assert made.tags.get(key="source").value == "manual"
        assert sorted(made.artifacts.values_list("name", flat=True)) == [
            "a.txt",
            "b.txt",
        ]

    def test_keeps_what_was_typed_where_something_is_wrong(self, browser, sweep):
        page = Page(self.post(browser, sweep, params="lr", name="kept"))

        assert "Line 1: write a name" in page.main.text
        assert page.values("name") == ["kept"]
        assert not Candidate.objects.exists()

    def test_makes_nothing_where_a_rule_forbids_it(self, browser, sweep):
        answer = self.post(browser, sweep, params="a = 1", metrics=f"{'x' * 300} = 1")

        assert answer.status_code == 400
        assert not Candidate.objects.exists()

    @pytest.mark.parametrize("field", ["name", "params", "metrics", "note"])
    def test_hostile_text_stays_text(self, browser, sweep, field):
        answer = self.post(browser, sweep, **{field: f"{HOSTILE} = {HOSTILE}"})

        assert "<img src=x" not in answer.content.decode()
        assert answer.status_code in (302, 400)


class TestLockAndMove:
    def test_a_locked_one_says_so_and_refuses(self, browser, sweep):
        candidate = make.candidate(sweep)
        lifecycle.update_candidate(candidate, status=Status.FINISHED, ended_ms=1)
        url = f"/p/vision/c/{candidate.iid}/"

        browser.post(f"{url}lock/")
        page = Page(browser.post(f"{url}rename/", {"name": "other"}, follow=True))

        assert "Locked" in page.main.text
        candidate.refresh_from_db()
        assert candidate.name != "other"
        browser.post(f"{url}lock/", {"unlock": "1"})
        candidate.refresh_from_db()
        assert not candidate.is_locked

    def test_what_still_runs_cannot_be_locked(self, browser, sweep):
        candidate = make.candidate(sweep)

        answer = browser.post(f"/p/vision/c/{candidate.iid}/lock/", follow=True)

        assert "It is still running." in answer.content.decode()

    def test_moves_and_keeps_number_and_links(self, browser, vision, sweep):
        other = make.experiment(vision, "elsewhere")
        candidate = make.candidate(sweep, metrics={"acc": 0.5})
        url = f"/p/vision/c/{candidate.iid}/move/"
        assert "elsewhere" in browser.get(url).content.decode()

        answer = browser.post(url, {"to": other.iid}, follow=True)

        candidate.refresh_from_db()
        assert candidate.experiment == other
        assert "has moved" in answer.content.decode()
        assert browser.get(f"/r/{candidate.eid}/").status_code in (301, 302)

    @pytest.mark.parametrize("to", ["", "x", "999", "-1", "9" * 30])
    def test_nowhere_is_no_place(self, browser, sweep, to):
        candidate = make.candidate(sweep)

        answer = browser.post(
            f"/p/vision/c/{candidate.iid}/move/", {"to": to}, follow=True
        )

        assert answer.status_code == 200
        candidate.refresh_from_db()
        assert candidate.experiment == sweep
