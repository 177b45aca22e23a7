"""The Charts, Insights and Sweep tabs, and what changed, in a browser."""

import pytest
from playwright.sync_api import expect

from tests import make
from tests.browser.waiting import until
from tracker import recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

START = 1_700_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


@pytest.fixture
def sweep(vision):
    made = make.experiment(vision, "sweep")
    for lr in ("0.1", "0.2"):
        for seed in range(3):
            make.candidate(
                made,
                name=f"{HOSTILE} {seed}",
                params={"lr": lr, "seed": str(seed)},
                points=[
                    *curve("val/acc", [0.1, 0.5 + seed / 10 + float(lr)]),
                    *curve(HOSTILE, [1.0, 2.0]),
                ],
            )
    return made


def test_a_hidden_curve_is_hidden_in_every_chart_and_in_the_address(open_page, sweep):
    page = open_page(f"/p/vision/experiments/{sweep.iid}/charts/")
    expect(page.locator("#chart-1 .plot.drawn")).to_be_visible()

    page.locator('[data-shared-legend] [data-curve="6"]').click()

    assert "hide=6" in page.url
    hidden = page.evaluate(
        "document.querySelector('#chart-1 .live').data"
        ".filter((trace) => trace.legendgroup === '6').every((trace) => !trace.visible)"
    )
    assert hidden


RANGES = """[...document.querySelectorAll(".plot .live")]
    .map((live) => live._fullLayout.xaxis.range.map((end) => Math.round(end * 10) / 10))"""


def test_charts_move_together_and_the_address_keeps_it(open_page, sweep):
    base = f"/p/vision/experiments/{sweep.iid}/charts/"
    page = open_page(f"{base}?x0=0.2&x1=0.8")
    expect(page.locator("#chart-2 .plot.drawn")).to_be_visible()
    until(page, f"JSON.stringify({RANGES}) === '[[0.2,0.8],[0.2,0.8]]'")

    box = page.locator("#chart-1 .live").bounding_box()
    across, up = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.dblclick(across, up)
    until(page, f"{RANGES}.every(([low]) => low <= 0)")
    assert "x0" not in page.url

    page.mouse.move(box["x"] + 70, up)  # near the first points
    expect(page.locator("#chart-2 .cursor")).to_be_visible()

    page.keyboard.press("l")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.locator("[data-smoothing]")).to_have_text("EMA 0.2")
    assert "y=log" in page.url
    assert "sm=ema%3A0.2" in page.url

    menu = page.locator("[aria-label^='Actions of']").first
    whole = page.get_by_role("button", name="Whole range").first
    menu.click()
    page.get_by_role("button", name="Zoom in").first.click()
    until(page, f"{RANGES}.every(([low, high]) => low > 0 && high < 1)")
    whole.click()
    until(page, f"{RANGES}.every(([low]) => low <= 0)")
    expect(whole).to_be_hidden()

    menu.click()
    with page.expect_download() as saved:
        page.locator("[data-picture=png]").first.click()
    assert saved.value.suggested_filename.endswith(".png")

    # What is logged meanwhile comes by itself, and leaves the reader's choices alone.
    make.candidate(sweep, name="newest", points=curve("val/acc", [0.1, 0.2, 0.3]))
    expect(page.locator("[data-shared-legend]")).to_contain_text("newest")
    until(page, f"{RANGES}.some(([, high]) => high >= 2)")
    expect(page.locator("[data-smoothing]")).to_have_text("EMA 0.2")


def test_pictures_stand_in_for_charts_without_a_script(open_page, sweep):
    page = open_page(
        f"/p/vision/experiments/{sweep.iid}/charts/?ch=box!val/acc!lr", script=False
    )

    picture = page.locator("#chart-1 img.pic")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.naturalWidth") > 100
