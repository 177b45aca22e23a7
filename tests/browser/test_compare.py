"""Comparing in a browser: choose three, compare, hide a curve, switch the theme."""

import pytest
from playwright.sync_api import expect

from tests import make
from tests.browser.conftest import draw
from tests.browser.samples import (
    HOSTILE,
    curve,
    line_colours,
)
from tests.browser.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sweep(vision):
    experiment = make.experiment(vision, "sweep")
    for n in range(12):
        make.candidate(
            experiment,
            name=f"r{n}" if n else "a-rather-long-name-" * 8,
            params={
                "lr": f"{10 ** -(n % 4)}",
                "model": ["r18", "r50", "r101"][n % 3],
                "seed": str(n),
                "prompt": f"{n} " + "word " * 60,
                HOSTILE: f"{HOSTILE}{n % 2}",
            },
            points=[
                *curve("val/acc", [0.5 + n / 40 + step / 100 for step in range(30)]),
                *curve("loss", [1 / (step + n + 1) for step in range(30)]),
                *curve(HOSTILE, [1.0 + n, 2.0]),
            ],
            tags={"mlflow.source.git.commit": f"{n % 2}" * 40},
            started_ms=n,
        )
    return experiment


def test_choose_three_compare_hide_one_and_switch_the_theme(sweep, open_page):
    page = open_page(f"/p/vision/experiments/{sweep.iid}/")
    for iid in (2, 5, 7):
        page.get_by_label(f"Select #{iid}").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 3 candidates")
    before = line_colours(page)
    assert len(set(before)) == 3
    page.evaluate("window.same = true")

    page.locator("#curve [data-curve='5']").click()

    expect(page.locator("#curve .scatterlayer .js-line")).to_have_count(2)
    expect(page.locator("#curve [data-curve='5']")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert "hide=5" in page.url
    page.locator("#curve [data-curve='5']").click()
    page.locator("summary[aria-label=Theme]").click()
    page.get_by_label("Dark").check()
    until(
        page,
        "old => { const lines = document.querySelectorAll('#curve .scatterlayer .js-line');"
        " return lines.length === 3 && lines[0].style.stroke !== old; }",
        arg=before[0],
    )
    after = line_colours(page)

    assert len(set(after)) == 3
    assert not set(before) & set(after)
    assert page.evaluate("window.same")
    ground = page.eval_on_selector("#curve .main-svg", "one => one.style.background")
    assert ground == "rgb(16, 19, 24)"


def test_shows_one_curve_alone_and_all_again(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-4&m=val/acc")
    line_colours(page)
    lines = page.locator("#curve .scatterlayer .js-line")

    page.get_by_role("button", name="Only #2").click()
    expect(lines).to_have_count(1)
    page.get_by_role("button", name="Only #2").click()

    expect(lines).to_have_count(4)


def test_a_hidden_curve_stays_hidden_in_the_link(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-3&hide=2")

    assert len(line_colours(page)) == 2
    expect(page.locator("#curve [data-curve='2']")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_a_phone_shows_the_curves_of_two(sweep, open_page):
    make.candidate(sweep, points=curve("val/acc", [0.1, 0.2]))
    page = open_page("/p/vision/compare/?c=1-13&l=1&r=2&tab=curves", size="phone")

    expect(page.locator("#chart-1 [data-curve='2']")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#chart-1 [data-curve='3']")).to_have_attribute(
        "aria-pressed", "false"
    )
    last = page.locator("#chart-1 [data-legend] li").nth(12)
    expect(last).to_be_hidden()
    page.locator("#chart-1").get_by_role("button", name="All 13").click()
    expect(last).to_be_visible()
    expect(last.locator("[data-curve]")).to_be_focused()
    page.get_by_label("Right").select_option("3")

    expect(page.locator("#chart-1 [data-curve='2']")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert "r=3" in page.url


def test_looking_at_a_legend_entry_thickens_its_line(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-3")
    line_colours(page)

    page.locator("#curve [data-curve='2']").hover()

    until(
        page,
        "() => [...document.querySelectorAll('#curve .scatterlayer .js-line')]"
        ".filter(line => line.style.strokeWidth === '3px').length === 1",
    )


def test_choices_take_effect_at_once(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-3")

    page.get_by_label("Baseline").select_option("2")
    page.wait_for_url("**b=2**")
    page.get_by_label("Only differences").uncheck()
    page.wait_for_url("**diff=0**")

    expect(page.get_by_text("Every row is shown.")).to_be_visible()


def test_works_without_script(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-3", script=False)
    expect(page.locator("#curve .still path")).to_have_count(3)

    page.get_by_label("Remove #2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 candidates")
    page.get_by_label("Baseline").select_option("3")
    page.get_by_role("button", name="Use").click()

    expect(page.locator("th .flagm")).to_have_count(1)
    assert "b=3" in page.url


def test_hostile_names_do_no_harm_in_charts(sweep, open_page):
    page = open_page("/p/vision/")

    for more in (
        f"&m={HOSTILE}",
        "&tab=parallel",
        f"&tab=scatter&sx=p:{HOSTILE}&sy=m:{HOSTILE}&sc=p:{HOSTILE}",
        f"&tab=curves&m={HOSTILE}",
    ):
        page.goto(f"/p/vision/compare/?c=1-3{more}")
        draw(page)
        assert page.locator("img[src=x]").count() == 0


def test_a_point_of_the_scatter_chart_opens_its_candidate(sweep, open_page):
    page = open_page("/p/vision/compare/?c=1-3&tab=scatter&sx=p:lr&sy=m:val/acc")
    draw(page)

    point = page.locator("#scatter .scatterlayer .trace .points path").last
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 2, y - 2)
    page.mouse.move(x, y)
    page.mouse.click(x, y)

    page.wait_for_url("**/p/vision/c/*/")
