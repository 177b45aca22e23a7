"""The candidates table in a browser: choosing rows, filtering, columns, with and without script."""

import pytest
from playwright.sync_api import expect

from tests import make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

URL = "/p/vision/experiments/1/"


@pytest.fixture
def sweep(vision):
    experiment = make.experiment(vision, "sweep")
    for n in range(6):
        make.candidate(
            experiment,
            name=f"c{n}",
            metrics={"val/acc": n / 10},
            params={"lr": str(n), "epochs": "9"},
            started_ms=n,
        )
    return experiment


def test_choosing_rows_shows_a_bar_that_compares_them(sweep, open_page):
    page = open_page(URL)
    bar = page.locator(".selbar")
    expect(bar).to_be_hidden()

    page.get_by_label("Select #6").check()
    page.get_by_label("Select #4").click(modifiers=["Shift"])
    page.get_by_label("Select #1").check()

    expect(bar).to_contain_text("4 selected")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(4)
    bar.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/p/vision/compare/?c=1,4-6")


def test_a_click_on_a_row_chooses_it_and_escape_clears(sweep, open_page):
    page = open_page(URL)

    page.locator("tbody tr").nth(2).locator(".c-state").click()
    expect(page.locator(".selbar")).to_contain_text("1 selected")
    page.keyboard.press("Escape")

    expect(page.locator(".selbar")).to_be_hidden()


def test_the_box_above_chooses_the_page(sweep, open_page):
    page = open_page(URL)

    page.get_by_label("Select this page").check()

    expect(page.locator(".selbar")).to_contain_text("6 selected")
    page.get_by_label("Select #3").uncheck()
    expect(page.get_by_label("Select this page")).to_be_checked(indeterminate=True)
    page.get_by_label("Clear selection").click()
    expect(page.locator(".row-box:checked")).to_have_count(0)


def test_compares_without_script(sweep, open_page):
    page = open_page(URL, script=False)

    page.get_by_label("Select #2").check()
    page.get_by_label("Select #5").check()
    page.get_by_role("button", name="Compare").click()

    page.wait_for_url("**/p/vision/compare/?*c=5&c=2*")


def test_columns_are_chosen_without_script(sweep, open_page):
    page = open_page(URL, script=False)

    page.locator("summary", has_text="Columns").click()
    picker = page.locator("#columns")
    picker.get_by_label("lr", exact=True).uncheck()
    picker.get_by_label("User").check()
    picker.get_by_role("button", name="Show these").click()

    headings = page.locator("thead tr").last.locator("th")
    expect(headings.filter(has_text="User")).to_be_visible()
    assert "lr" not in headings.all_inner_texts()


def test_typing_narrows_the_columns(sweep, open_page):
    page = open_page(URL)

    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Find a column").fill("ACC")

    shown = page.locator("#columns .o:not(summary):visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("val/acc")


def test_slash_goes_to_the_filter(sweep, open_page):
    page = open_page(URL)

    page.keyboard.press("/")
    page.keyboard.type("a/b")

    expect(page.locator("#q")).to_have_value("a/b")


def test_only_differences_applies_at_once(sweep, open_page):
    page = open_page(f"{URL}?cols=p:lr&cols=p:epochs")

    page.get_by_label("Only differences").check()

    page.wait_for_url("**diff=1**")
    expect(page.locator(".foot")).to_contain_text("1 equal column folded")


def test_rows_are_cards_on_a_phone(sweep, open_page):
    page = open_page(URL, size="phone")

    first = page.locator("tbody tr").first
    expect(first).to_have_css("display", "grid")
    expect(first.locator(".c-main")).to_be_visible()
    assert first.bounding_box()["width"] <= 390
