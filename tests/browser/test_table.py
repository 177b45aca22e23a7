"""The table as people use it: dialogs and Undo, keys, what changes live, and no script at all."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import make
from tracker import lifecycle, recording
from tracker.models import Candidate, SavedView, Status

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
            params={"lr": str(n // 2), "seed": str(n % 2)},
            started_ms=n,
        )
    Candidate.objects.exclude(iid=6).update(status=Status.FINISHED, ended_ms=9)
    return experiment


def test_deletes_in_a_dialog_and_undoes_in_a_toast(sweep, open_page, is_accessible):
    page = open_page(URL)
    page.get_by_label("Select #2", exact=True).check()
    page.get_by_label("Select #4", exact=True).check()
    page.locator(".selbar").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Delete 2 candidates")
    is_accessible(page)

    dialog.get_by_role("button", name="Delete 2").click()

    expect(page.locator("[data-rows] tr")).to_have_count(4)
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("2 candidates are in the trash.")
    is_accessible(page)
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-rows] tr")).to_have_count(6)


def test_escape_closes_the_dialog_and_keeps_the_choice(sweep, open_page):
    page = open_page(URL)
    page.get_by_label("Select #2", exact=True).check()
    page.locator(".selbar").get_by_role("button", name="Move").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".row-box:checked")).to_have_count(1)


def test_values_change_in_their_row_and_new_candidates_are_announced(sweep, open_page):
    page = open_page(URL, alone=True)  # a clock is everybody's in a context
    page.clock.install()
    page.reload()
    row = page.locator("#r-6")
    expect(row).to_contain_text("0.5000")
    page.get_by_label("Select #6", exact=True).check()

    live = Candidate.objects.get(iid=6)
    recording.log_batch(live, metrics=[recording.Point("val/acc", 0.75, 2000, 1)])
    make.candidate(sweep, name="new")
    Candidate.objects.filter(iid=6).update(written_ms=2**50)
    page.clock.run_for(6000)

    expect(row).to_contain_text("0.7500")
    expect(page.get_by_label("Select #6", exact=True)).to_be_checked()
    expect(page.locator("[data-arrived]")).to_contain_text("1 new candidate")
    expect(page.locator("[data-rows] tr")).to_have_count(6)
    page.locator("[data-arrived] a").click()
    expect(page.locator("[data-rows] tr")).to_have_count(7)

    # Another server answers for a while, as a proxy does while ours is away.
    notice = page.locator("[data-lost]")
    expect(notice).to_be_hidden()
    page.route("**/changes/**", lambda route: route.fulfill(status=299))
    page.clock.run_for(6000)
    expect(notice).to_contain_text("Connection lost")
    expect(page.locator("[data-live-text]")).to_have_text("Connection lost")
    page.unroute("**/changes/**")
    page.clock.run_for(15000)
    expect(notice).to_be_hidden()
    expect(page.locator("[data-live-text]")).to_contain_text("updated")


def test_says_how_fresh_it_is_and_pauses(sweep, open_page):
    page = open_page(URL)
    expect(page.locator("[data-live-text]")).to_contain_text("updated")

    page.locator("[data-pause]").click()

    page.wait_for_url("**live=0")
    expect(page.locator("[data-live-text]")).to_have_text("1 live, paused")


def test_keys_walk_choose_and_help(sweep, open_page, is_accessible):
    page = open_page(URL)

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("b")
    expect(page.get_by_role("dialog", name="Measure against #5")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".row-box:checked")).to_have_count(2)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    is_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_url("**/p/vision/compare/?c=4,5")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/p/vision/experiments/")


def test_single_letters_can_be_switched_off(sweep, open_page):
    page = open_page(URL)
    page.keyboard.press("?")
    page.get_by_role("switch", name="Single letters are keys").click()
    page.get_by_role("button", name="Close").click()

    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(page.locator(".row-box:checked")).to_have_count(0)


def test_shift_and_a_header_sort_by_a_further_column(sweep, open_page):
    page = open_page(f"{URL}?sort=p:lr")

    page.get_by_role("link", name=re.compile("acc max")).click(modifiers=["Shift"])

    page.wait_for_url("**sort=p%3Alr%2C-m%3Aval%2Facc.max**")


def test_a_column_is_changed_from_its_menu_by_keys(sweep, open_page, is_accessible):
    page = open_page(f"{URL}?sort=p:lr&cols=m:val/acc,p:lr,p:seed")
    head = page.get_by_role("columnheader", name=re.compile("acc max"))
    button = head.get_by_role("button", name="Column val/acc max")

    button.focus()
    page.keyboard.press("Enter")
    menu = page.locator(".colmenu:popover-open")
    expect(menu.get_by_role("button", name="Sort low to high")).to_be_focused()
    is_accessible(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()

    page.keyboard.press("Enter")  # as fast as one types: none of the next goes astray
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=p:lr,-m:val/acc.max**")

    page.get_by_role("button", name="Column lr").click()
    page.locator(".colmenu:popover-open").get_by_text("Filter by this").click()
    expect(page.get_by_label("Value", exact=True)).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=p:lr**")
    expect(page.locator("[data-rows] tr")).to_have_count(2)


def test_a_view_is_saved_and_found_again(sweep, open_page):
    page = open_page(f"{URL}?q=lr+%3D+1")

    page.get_by_text("Save view").click()
    page.get_by_label("Name of the view").fill("Ones")
    page.locator(".views ~ details").get_by_role("button", name="Save").click()

    expect(page.locator(".views [aria-current]")).to_contain_text("Ones")
    assert SavedView.objects.get().query == "q=lr%20%3D%201"


def test_everything_works_without_script(sweep, open_page):
    """Find, filter, sort, open, compare, read differences, download, delete, restore."""
    page = open_page("/p/vision/experiments/", script=False)
    page.get_by_role("link", name="sweep").click()
    page.get_by_label("Filter", exact=True).fill("val/acc >= 0.3")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("[data-rows] tr")).to_have_count(3)
    page.get_by_role("link", name=re.compile("acc max")).click()
    expect(page.locator("[data-rows] tr").first).to_contain_text("c5")

    page.get_by_role("button", name="Column lr").click()
    page.locator(".colmenu:popover-open").get_by_role("button", name="Hide").click()
    expect(page.get_by_role("columnheader", name="lr", exact=True)).to_have_count(0)

    page.get_by_role("link", name=re.compile("c4")).click()
    expect(page.locator("h1")).to_contain_text("c4")
    page.go_back()
    page.get_by_label("Select #4", exact=True).check()
    page.get_by_label("Select #6", exact=True).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("main")).to_contain_text("lr")
    page.go_back()

    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert ",c5," in text and ",c1," not in text

    page.goto(URL)
    page.get_by_label("Select #1", exact=True).check()
    page.locator(".selbar").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 1").click()
    expect(page.locator("[data-rows] tr")).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-rows] tr")).to_have_count(6)
    lifecycle.delete_candidate(Candidate.objects.get(iid=2))
    page.goto("/p/vision/trash/")
    page.get_by_label("Select c1").check()
    page.get_by_role("button", name="Restore the selected").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert Candidate.objects.alive().count() == 6
