"""A candidate's pages in a browser: the curve is drawn, follows the theme, and is accessible."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import make
from tests.browser.samples import HOSTILE, START, curve, line_colours, put
from tests.browser.waiting import until
from tracker import recording

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("storage"),
]


def test_shows_the_curve_without_script(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/", script=False)

    expect(page.locator("#curve .still path")).to_be_visible()
    page.get_by_role("link", name="Show as table").click()
    expect(page.get_by_role("table")).to_have_count(2)


def test_the_script_draws_over_the_first_picture(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/?m=val/acc&sm=0")

    [colour] = line_colours(page)
    expect(page.locator("#curve .still")).to_be_hidden()
    assert re.fullmatch(r"rgb\(\d+, \d+, \d+\)", colour)


def test_tells_the_value_at_the_cursor_in_the_legend(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/?m=val/acc&sm=0")
    line_colours(page)
    value = page.locator("#curve [data-legend] output")
    expect(value).to_have_text("0.8725")

    box = page.locator("#curve .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)

    expect(value).not_to_have_text("0.8725")
    page.mouse.move(5, 5)
    expect(value).to_have_text("0.8725")


def test_smooths_and_turns_without_a_reload(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/?m=val/acc&sm=0")
    assert len(line_colours(page)) == 1
    page.evaluate("window.same = true")

    page.get_by_text("Smoothing", exact=False).first.click()
    page.get_by_role("slider").fill("0.9")
    expect(page.locator("[data-notes]")).to_contain_text("EMA 0.9")
    page.keyboard.press("Escape")
    page.get_by_text("Axes", exact=True).click()
    page.get_by_role("link", name="Logarithmic").click()
    page.wait_for_url("**y=log**")

    assert "sm=ema%3A0.9" in page.url
    assert page.evaluate("window.same")
    assert len(line_colours(page)) == 2


def test_offers_to_retry_where_a_chart_fails(candidate, open_page):
    page = open_page("/p/vision/")
    page.route("**/chart.json*", lambda route: route.fulfill(status=204, body=""))
    page.goto(f"/p/vision/c/{candidate.iid}/")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Could not load this chart.")
    expect(page.locator("#curve .still")).to_be_visible()

    page.unroute("**/chart.json*")
    alert.get_by_role("button", name="Retry").click()

    line_colours(page)
    expect(alert).to_have_count(0)


def test_a_hostile_metric_does_no_harm(candidate, open_page):
    page = open_page("/p/vision/")

    for part in ("", "metrics/"):
        page.goto(f"/p/vision/c/{candidate.iid}/{part}?m={HOSTILE}")
        line_colours(page)
        page.get_by_role("link", name="Show as table").click()
        expect(page.get_by_role("table").first).to_be_visible()

        assert page.locator("img[src=x]").count() == 0
        expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()


def test_narrows_the_parameters_while_one_types(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/")

    page.get_by_label("Filter parameters").press_sequentially("5e-4")

    expect(page.locator("#params dt:visible")).to_have_text(["lr"])


def test_arrows_lead_from_picture_to_picture(candidate, open_page):
    picture = io.BytesIO()
    Image.new("RGB", (6, 4), "teal").save(picture, "PNG")
    put(candidate, "plots/confusion.png", picture.getvalue())
    page = open_page(f"/p/vision/c/{candidate.iid}/artifacts/plots/confusion.png")

    page.keyboard.press("ArrowRight")
    expect(page.locator("h2.fname")).to_have_text("roc.png")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h2.fname")).to_have_text("confusion.png")


def test_renames_in_place(candidate, open_page):
    page = open_page(f"/p/vision/c/{candidate.iid}/")

    page.locator("summary[aria-label=Rename]").click()
    page.get_by_role("textbox", name="Name").fill("short")
    page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"#{candidate.iid} short")


def test_follows_what_is_logged_and_leaves_the_reader_alone(vision, open_page):
    running = make.candidate(make.experiment(vision), points=curve("loss", [3.0, 2.0]))
    page = open_page(f"/p/vision/c/{running.iid}/")
    expect(page.locator(".plot.drawn")).to_be_visible()
    page.locator("#tags summary").first.click()
    field = page.locator("#tags input:not([type=hidden])").first
    field.fill("half")
    page.evaluate("scrollTo(0, 90)")

    recording.log_batch(
        running,
        metrics=[recording.Point("loss", 1.0, START + 9000, 9)],
        params={"depth": "50"},
        tags={"team": "vision"},
    )

    expect(page.locator("#params")).to_contain_text("depth", timeout=15_000)
    expect(page.locator("#tags .tagx")).to_contain_text("vision")
    until(page, "document.querySelector('.plot .live')._fullData[0].x.length === 3")
    expect(field).to_have_value("half")
    expect(field).to_be_focused()
    assert page.evaluate("scrollY") == 90
    expect(page.locator("[data-live-text]")).to_contain_text("updated")
