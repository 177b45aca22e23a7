"""The menu of a column, how wide columns are, and which of them fit."""

import pytest

from dashboard.table import column_menu, naming, widths
from dashboard.table.columns import Catalogue, Column, Entry, Sort
from dashboard.table.facts import Facts
from dashboard.table.state import Grouping, State
from tests import make
from tests.dashboard.reading import Page

ACC = Column("m", "val/acc", "max")
LR = Column("p", "lr")
START = Column("a", "start")
SHOWN = [ACC, LR, START]
KEYS = {("m", "val/acc"), ("p", "lr"), ("p", "depth")}
CATALOGUE = Catalogue({key: Entry(*key, 3, 3, True, True) for key in KEYS})


def after(text, **state):
    return column_menu.carried_out(State("/", **state), SHOWN, text, CATALOGUE)


def test_sorts_and_sorts_further():
    assert after("desc m:val/acc.max").sorts == (Sort(ACC, True),)
    further = after("then-asc p:lr", sorts=(Sort(ACC, True), Sort(START, True)))
    assert further.sorts == (Sort(ACC, True), Sort(START, True), Sort(LR, False))
    again = after("then-desc m:val/acc.max", sorts=(Sort(ACC, False), Sort(LR, True)))
    assert again.sorts == (Sort(LR, True), Sort(ACC, True))


def test_hides_moves_and_pins():
    assert after("hide p:lr", pinned=(LR,)).columns == (ACC, START)
    assert after("hide p:lr", pinned=(LR,)).pinned == ()
    assert after("left p:lr").columns == (LR, ACC, START)
    assert after("right p:lr").columns == (ACC, START, LR)
    assert after("pin p:lr").pinned == (LR,)
    assert after("unpin p:lr", pinned=(LR,)).pinned == ()


def test_shows_another_summary_wherever_the_column_stands():
    changed = after("as-mean m:val/acc.max", pinned=(ACC,), sorts=(Sort(ACC, True),))

    mean = Column("m", "val/acc", "mean")
    assert changed.columns == (mean, LR, START)
    assert changed.pinned == (mean,)
    assert changed.sorts == (Sort(mean, True),)


def test_groups_by_a_param():
    assert after("group p:lr").grouping == Grouping((LR,))


@pytest.mark.parametrize(
    ("column", "is_number", "chart"),
    [
        (ACC, True, "line!val/acc"),
        (Column("m", "a!b", "last"), True, "line!a%21b"),
        (LR, True, "scatter!p:lr!m:val/acc"),
        (LR, False, "box!val/acc!lr"),
        (START, True, ""),
    ],
)
def test_is_drawn_in_the_chart_that_fits(column, is_number, chart):
    assert column_menu.chart(column, ACC, is_number) == chart


@pytest.mark.parametrize(
    "text",
    ["", "hide", "hide p:nothing", "explode p:lr", "as-median m:val/acc.max",
     "group a:start", "as-max p:lr", "then p:lr", "\0 \0"],
)  # fmt: skip
def test_no_other_text_is_a_button(text):
    assert after(text) is None


def test_the_page_carries_out_what_a_button_says(browser, vision):
    sweep = make.experiment(vision, "sweep")
    make.candidate(sweep, metrics={"val/acc": 1}, params={"lr": "1", "depth": "2"})
    url = f"/p/vision/experiments/{sweep.iid}/"

    hidden = browser.get(url, {"cols": "p:lr,p:depth", "col": "hide p:lr", "n": "100"})
    begun = browser.get(url, {"col": "filter m:val/acc.max"})
    nothing = browser.get(url, {"col": "hide \0<b>", "q": "lr = 1"})

    assert hidden.url == f"{url}?cols=p:depth&n=100"
    assert begun.url == f"{url}?cond=m%3Aval%2Facc.max#add-value"
    assert nothing.url == f"{url}?q=lr+%3D+1"
    form = Page(browser.get(begun.url)).root.one("details", id="condition")
    assert "open" in form.attributes
    name = form.one("input", name="add_key")
    assert name.attributes["value"] == "m:val/acc.max"


def test_every_column_has_a_menu_that_needs_no_script(browser, vision):
    sweep = make.experiment(vision, "sweep")
    make.candidate(sweep, metrics={"val/acc": 1}, params={"lr": "1"})

    page = Page(browser.get(f"/p/vision/experiments/{sweep.iid}/"))

    targets = [
        button.attributes["popovertarget"]
        for button in page.main.one("table").all("button")
    ]
    menus = {menu.attributes["id"]: menu for menu in page.main.all("div", popover="")}
    assert targets == list(menus)
    assert len(targets) == len(page.main.one("table").all("th", scope="col")) - 2
    metric = next(menu for menu in menus.values() if "val/acc" in menu.text)
    assert "Higher is better, guessed by its name" in metric.text
    buttons = {b.text: b.attributes["value"] for b in metric.all("button")}
    assert buttons["Hide"] == "hide m:val/acc.max"
    assert buttons["mean"] == "as-mean m:val/acc.max"
    assert {b.attributes["form"] for b in metric.all("button")} == {"head-form"}


# ---------------------------------------------------------------- widths


def test_a_column_is_as_wide_as_its_words_in_steps():
    facts = Facts(params={(1, "lr"): "0.1", (2, "lr"): "0.00001234567"})

    assert widths.steps(Column("p", "depth"), facts, has_slot=False) == widths.LEAST
    assert widths.steps(LR, facts, has_slot=False) == 7  # 13 characters
    long = Facts(params={(1, "lr"): "x" * 500})
    assert widths.steps(LR, long, has_slot=False) == widths.MOST
    alone = widths.steps(ACC, facts, has_slot=False)
    assert widths.steps(ACC, facts, has_slot=True) == alone + widths.SLOT


def test_the_first_view_shows_what_fits_and_the_start_among_it(browser, vision):
    sweep = make.experiment(vision, "sweep")
    for n in range(3):
        make.candidate(
            sweep,
            metrics={f"val/a_long_score_{k}": n for k in range(4)},
            params={f"a_long_parameter_{k}": f"{'v' * 20}{n}" for k in range(6)},
            user_id="ab"[n % 2],
        )

    page = Page(browser.get(f"/p/vision/experiments/{sweep.iid}/"))

    classes = [col.attributes["class"] for col in page.main.all("col")]
    used = 16 * sum(int(name.removeprefix("w")) for name in classes)
    assert used + widths.END <= widths.ROOM
    assert "Start" in page.main.one("table").text
    assert "User" not in page.headings


def test_what_was_asked_for_is_shown_however_wide(browser, vision):
    sweep = make.experiment(vision, "sweep")
    keys = [f"a_long_parameter_{k}" for k in range(12)]
    make.candidate(sweep, params=dict.fromkeys(keys, "v" * 30))
    cols = ",".join(f"p:{key}" for key in keys)

    page = Page(browser.get(f"/p/vision/experiments/{sweep.iid}/", {"cols": cols}))

    assert page.headings[1:] == keys


def test_pinned_columns_stand_first_and_stay(browser, vision):
    sweep = make.experiment(vision, "sweep")
    make.candidate(sweep, metrics={"val/acc": 1}, params={"lr": "1", "depth": "2"})
    url = f"/p/vision/experiments/{sweep.iid}/"

    page = Page(browser.get(url, {"cols": "m:val/acc,p:depth,p:lr", "pin": "p:lr"}))

    assert page.headings[1] == "lr"
    [cell] = [td for td in page.main.all("td") if "pin" in td.classes]
    assert f"at-{widths.NAME}" in cell.classes
    assert cell.text == "1"


# ---------------------------------------------------------------- names


def test_configurations_are_told_apart_by_as_few_keys_as_can():
    known = {
        1: {"model": "a", "depth": "18", "lr": "1", "seed": "1", "epochs": "5"},
        2: {"model": "b", "depth": "50", "lr": "1", "seed": "2", "epochs": "5"},
        3: {"model": "b", "depth": "50", "lr": "2", "seed": "3", "epochs": "5"},
    }

    keys = naming.telling(known)

    assert keys == ["model", "lr"]  # the depth says the same; the seed does not count
    assert naming.alike(known, keys) == set()


def test_what_no_key_tells_apart_is_said_to_be_alike():
    known = {1: {"lr": "1"}, 2: {"lr": "1", "seed": "3"}, 3: {"lr": "2"}}

    assert naming.telling(known) == ["lr"]
    assert naming.alike(known, ["lr"]) == {1, 2}
    assert naming.telling({1: {"lr": "1"}}) == []
