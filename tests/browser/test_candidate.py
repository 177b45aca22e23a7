"""A candidate's pages in a browser: the curve is drawn, follows the theme, and is accessible."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from artifacts import ingest, inspection, paths
from tests import make
from tests.browser.waiting import until
from tracker import recording
from tracker.models import CIBuild

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("storage"),
]

START = 1_700_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


def put(candidate, path, data):
    kept = ingest.receive(paths.Place(candidate, path), [data], size_bytes=len(data))
    inspection.inspect(inspection.claim(kept.pk))


@pytest.fixture
def candidate(vision):
    sweep = make.experiment(vision, "sweep")
    for best in (0.7, 0.8, 0.95):
        make.candidate(sweep, points=curve("val/acc", [0.1, best]))
    made = make.candidate(
        sweep,
        name="r101-" + "long-name-" * 12,
        params={f"p{n}": "x" * n * 20 for n in range(12)} | {"lr": "5e-4"},
        points=[
            *curve("val/acc", [0.5 + step / 400 for step in range(150)]),
            *curve("val/loss", [1.0, float("nan"), 0.5]),
            *curve("train/loss", [1 / (step + 1) for step in range(30)]),
            *curve(HOSTILE, [1.0, 2.0, 3.0]),
            recording.Point("once", 4.2, START, 0),
        ],
        tags={"team": "vision", "mlflow.note.content": "# Seen\n\n- one\n- two"},
    )
    CIBuild.objects.update_or_create(
        candidate=made,
        defaults={
            "provider": "gitlab",
            "job_id": "881",
            "job_name": "train:gpu",
            "job_url": "https://gitlab.example.com/j/881",
            "commit": "4f1c2ab9" * 5,
            "commit_url": "https://gitlab.example.com/c/4f",
        },
    )
    picture = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(picture, "PNG")
    for step in (0, 10):
        name = f"images/dogs+step+{step}+timestamp+1+0a.png"
        put(made, name, picture.getvalue())
    put(made, "plots/roc.png", picture.getvalue())
    put(made, "cm.csv", b"label,cat,dog\ncat,50,3\ndog,4,60\n")
    put(made, "train.py", b"def f():\n    return 1  # " + b"long " * 60 + b"\n")
    return made


def line_colours(page, frame="#curve"):
    """The colours of the lines that Plotly has drawn."""
    page.wait_for_selector(f"{frame} .scatterlayer .js-line")
    return page.eval_on_selector_all(
        f"{frame} .scatterlayer .js-line", "all => all.map(one => one.style.stroke)"
    )


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
