"""First run and the theme, in a browser."""

import pytest
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_turns_into_a_link_the_moment_data_arrives(vision, open_page):
    page = open_page("/p/vision/start/")
    wait = page.locator(".wait")
    expect(wait).to_contain_text("Waiting for your first candidate")

    make.candidate(make.experiment(vision, "sweep"), name="<b>first")

    expect(wait.get_by_role("link", name="#1 <b>first")).to_be_visible(timeout=8000)
    expect(wait).to_contain_text("It just arrived in sweep.")


def test_copies_a_block_as_it_stands(vision, open_page):
    page = open_page("/p/vision/start/")

    page.locator("#log").get_by_role("button", name="Copy").click()

    expect(page.locator("#log")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('import mlflow\n\nmlflow.set_experiment("my-first")\n')


def test_tabs_are_plain_links(vision, open_page):
    page = open_page("/p/vision/start/", script=False)

    page.get_by_role("link", name="PowerShell").click()
    page.get_by_role("link", name="scikit-learn").click()

    expect(page.locator("#connect pre")).to_contain_text("$env:MLFLOW_TRACKING_URI")
    expect(page.locator("#log pre")).to_contain_text("autolog")


def test_the_theme_changes_at_once_and_stays(vision, open_page):
    page = open_page("/projects/")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"

    page.get_by_label("Theme").click()
    page.get_by_label("Dark").check()

    assert page.evaluate(ground) == "rgb(16, 19, 24)"
    page.goto("/p/vision/", wait_until="commit")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_side_bar_opens_on_a_phone(vision, open_page):
    page = open_page("/p/vision/", size="phone")
    side = page.locator("#side")
    expect(side).to_be_hidden()

    page.get_by_label("Menu").click()
    side.get_by_role("link", name="Experiments").click()

    page.wait_for_url("**/p/vision/experiments/")
