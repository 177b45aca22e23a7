"""Changing a candidate by hand: status, name, note and tags."""

import pytest

from tests import make
from tests.dashboard.candidate_page import START, curve, url
from tests.dashboard.reading import Page
from tracker import lifecycle
from tracker.models import Status


class TestChanges:
    def test_marks_what_a_script_could_not(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [1.0]))

        browser.post(url(candidate, "status/"), {"status": "FAILED"})

        candidate.refresh_from_db()
        assert candidate.status == Status.FAILED
        # When it last wrote, not when somebody looked.
        assert candidate.ended_ms == candidate.metrics.get().logged_ms

    def test_says_that_it_still_runs(self, browser, sweep):
        candidate = make.candidate(sweep)
        lifecycle.update_candidate(candidate, status=Status.FAILED, ended_ms=START)

        browser.post(url(candidate, "status/"), {"status": "RUNNING"})

        candidate.refresh_from_db()
        assert (candidate.status, candidate.ended_ms) == (Status.RUNNING, None)

    def test_refuses_a_status_that_is_none(self, browser, sweep):
        candidate = make.candidate(sweep)

        page = Page(
            browser.post(url(candidate, "status/"), {"status": "GONE"}, follow=True)
        )

        assert "Status: Select a valid choice." in page.main.text

    def test_renames(self, browser, sweep):
        candidate = make.candidate(sweep)

        browser.post(url(candidate, "rename/"), {"name": "better"})

        candidate.refresh_from_db()
        assert candidate.name == "better"
        assert candidate.tags.get(key="mlflow.runName").value == "better"

    def test_refuses_an_empty_name(self, browser, sweep):
        candidate = make.candidate(sweep, name="kept")

        page = Page(browser.post(url(candidate, "rename/"), {"name": " "}, follow=True))

        assert "Name: This field is required." in page.main.text
        assert page.root.one("h1").text.endswith("kept")

    def test_describes(self, browser, sweep):
        candidate = make.candidate(sweep)

        page = Page(
            browser.post(
                url(candidate, "describe/"), {"note": "# Good\nrun"}, follow=True
            )
        )

        assert page.root.one("div", class_="prose").text == "Good run"

    def test_tags_and_untags(self, browser, sweep):
        candidate = make.candidate(sweep)

        browser.post(url(candidate, "tag/"), {"key": "team", "value": "vision"})
        tagged = dict(candidate.tags.values_list("key", "value"))
        browser.post(url(candidate, "untag/"), {"key": "team"})

        assert tagged["team"] == "vision"
        assert not candidate.tags.filter(key="team").exists()

    @pytest.mark.parametrize("key", ["mlflow.parentRunId", "", "x" * 251, "a\0b"])
    def test_refuses_tags_that_are_none_or_not_ours(self, browser, sweep, key):
        candidate = make.candidate(sweep)
        before = set(candidate.tags.values_list("key", flat=True))

        response = browser.post(url(candidate, "tag/"), {"key": key, "value": "1"})

        assert response.status_code == 302
        assert set(candidate.tags.values_list("key", flat=True)) == before

    def test_removing_a_tag_that_is_gone_says_so(self, browser, sweep):
        candidate = make.candidate(sweep)

        response = browser.post(url(candidate, "untag/"), {"key": "x"}, follow=True)

        assert "No tag" in Page(response).main.text

    @pytest.mark.parametrize(
        "action", "rename describe tag untag delete restore".split()
    )
    def test_need_a_post(self, browser, sweep, action):
        candidate = make.candidate(sweep)

        assert browser.get(url(candidate, f"{action}/")).status_code == 405

    def test_forms_carry_a_token(self, browser, sweep):
        page = Page(browser.get(url(make.candidate(sweep))))

        for form in page.main.all("form", method="post"):
            assert form.all("input", name="csrfmiddlewaretoken")
