"""The frame around every page: theme, policy, problems, local mode."""

import pytest
from django.test import Client

from dashboard.templatetags.tracker_tags import breakable
from tests.dashboard.reading import Page

PAGES = ["/", "/projects/", "/p/vision/", "/p/vision/experiments/", "/p/vision/start/"]


@pytest.mark.parametrize("address", [*PAGES, "/you/share/", "/r/"])
def test_every_page_has_one_title_one_heading_and_one_main(browser, vision, address):
    page = Page(browser.get(address))

    assert page.title
    assert len(page.root.all("h1")) == len(page.root.all("main")) == 1
    assert page.root.one("a", class_="skip").attributes["href"] == "#content"
    assert page.main.attributes["id"] == "content"


@pytest.mark.parametrize("address", [*PAGES, "/you/share/"])
def test_no_page_holds_inline_style_or_script(browser, vision, address):
    answer = browser.get(address)

    page = Page(answer)
    assert not page.root.all("style")
    assert all("src" in script.attributes for script in page.root.all("script"))
    assert not any("style" in e.attributes for e in page.root.walk())
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "style-src 'self'" in policy


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_comes_with_the_page(browser, vision, theme):
    answer = browser.post("/you/theme/", {"theme": theme, "next": "/projects/"})
    page = Page(browser.get("/projects/"))

    assert (answer.status_code, answer["Location"]) == (302, "/projects/")
    assert page.root.one("html").attributes["data-theme"] == theme


def test_a_theme_that_does_not_exist_is_the_systems(browser, db):
    browser.post("/you/theme/", {"theme": "<b>", "next": "https://elsewhere/"})
    browser.cookies["theme"] = "nonsense"

    assert "data-theme" not in Page(browser.get("/")).root.one("html").attributes


@pytest.mark.parametrize("following", ["https://elsewhere/", "//elsewhere", ""])
def test_the_theme_never_leads_elsewhere(browser, db, following):
    answer = browser.post("/you/theme/", {"theme": "dark", "next": following})

    assert answer["Location"] == "/"


def test_local_mode_says_what_it_is_and_how_to_leave(browser, vision):
    side = Page(browser.get("/p/vision/")).root.one("nav", id="side")
    page = Page(browser.get("/you/share/"))

    assert "Local mode." in side.text
    assert "TRACKER_MODE=team" in page.main.text


def test_the_side_bar_counts_experiments_and_marks_the_place(browser, vision):
    side = Page(browser.get("/p/vision/experiments/")).root.one("nav", id="side")

    [here] = [a for a in side.all("a") if "aria-current" in a.attributes]
    assert here.text == "Experiments 1"


def test_a_missing_page_is_a_page(browser, db):
    answer = browser.get("/nowhere/")

    page = Page(answer)
    assert answer.status_code == 404
    assert page.title == "404 · Tracker"
    assert page.link("Go to the start page") == "/"


def test_a_foreign_host_gets_a_page_too(db):
    answer = Client(headers={"host": "evil.example"}).get("/")

    assert answer.status_code == 400
    assert Page(answer).title == "400 · Tracker"


def test_a_form_without_its_token_says_so(db):
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/you/theme/", {"theme": "dark"})

    assert answer.status_code == 403
    assert "form has expired" in Page(answer).main.text


def test_a_failure_says_little(db, monkeypatch):
    monkeypatch.setattr("dashboard.primary.briefs", lambda candidates: 1 / 0)

    answer = Client(raise_request_exception=False).get("/")

    assert answer.status_code == 500
    assert "division" not in answer.content.decode()
    assert Page(answer).title == "500 · Tracker"
    assert Page(answer).link("Try again") == "/"
    assert answer["X-Request-Id"] in Page(answer).main.text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("val/acc", "val/acc"),
        ("system/gpu_0_power", "system/gpu_0_power"),
        (
            "system/gpu_0-usage.megabytes",
            "system/<wbr>gpu_<wbr>0-<wbr>usage.<wbr>megabytes",
        ),
        ("a__long_name_with_<b>_", "a__<wbr>long_<wbr>name_<wbr>with_<wbr>&lt;b&gt;_"),
    ],
)
def test_a_long_name_breaks_after_its_parts(name, written):
    assert breakable(name) == written
