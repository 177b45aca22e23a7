"""Which columns a candidates table offers and shows, and "only differences"."""

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker import catalogue
from tracker.models import Key


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def test_chooses_the_weighty_metrics_and_the_params_that_vary(browser, sweep, url):
    for n in range(3):
        make.candidate(
            sweep,
            metrics={"val/acc": n, "val/loss": n, "train/loss": n, "system/gpu": n},
            params={
                "constant": "1",
                "two": str(n % 2),
                "each": str(n),
                "a": str(n % 2),
                "b": str(n % 2),
                "c": str(n % 2),
                "d": str(n % 2),
            },
        )

    uncounted = Page(browser.get(url)).headings
    catalogue.count(sweep)
    counted = Page(browser.get(url)).headings

    assert counted == uncounted
    assert [h.split(" ,")[0] for h in counted] == [
        "Candidate",
        "State",
        "acc max",
        "Position of val/acc from 0 to 2",
        "loss min",
        "loss min",
        *["a", "b", "c", "d", "two"],
        "Start",  # there is no room for how long it took
    ]


def test_shows_the_columns_that_were_asked_for_in_their_order(browser, sweep, url):
    make.candidate(sweep, params={"lr": "1", "a,b": "2"}, tags={"team": "x"})

    page = Page(browser.get(url, {"cols": "t:team,p:a%2Cb,a:start,p:lr"}))
    repeated = Page(browser.get(url + "?cols=t:team&cols=p:a%252Cb&cols=a:start,p:lr"))

    assert page.headings == ["Candidate", "team", "a,b", "Start", "lr"]
    assert repeated.headings == page.headings


def test_the_picker_offers_every_key_and_sends_addresses(browser, sweep, url):
    make.candidate(sweep, params={"lr": "1", "a,b": "2"}, metrics={"acc": 1.0})

    page = Page(browser.get(url, {"cols": "p:lr"}))

    form = page.root.one("form", id="columns")
    boxes = {
        box.attributes["value"]: "checked" in box.attributes
        for box in form.all("input", name="cols")
    }
    assert boxes["p:lr"] is True
    assert (boxes["m:acc.max"], boxes["p:a%2Cb"], boxes["a:start"]) == (False,) * 3
    assert "a:name" not in boxes


def test_the_picker_finds_what_it_does_not_list(browser, sweep, url):
    make.candidate(sweep)
    Key.objects.bulk_create(
        Key(experiment=sweep, kind="m", key=f"layer{n}/grad") for n in range(3000)
    )

    page = Page(browser.get(url))
    found = Page(browser.get(url, {"find": "LAYER2999"}))

    form = page.root.one("form", id="columns")
    assert "2 876 more" in form.text.replace("\u202f", " ")
    choices = found.root.one("form", id="columns").all("input", name="cols")
    assert "m:layer2999/grad.last" in [c.attributes["value"] for c in choices]
    assert found.root.all("details", open="")
    assert len(browser.get(url).content) < 120_000


def test_the_picker_offers_first_what_was_on_show_lately(browser, sweep, vision, url):
    many = {f"p{n}": "1" for n in range(9)} | {"a.b!c,d": "1"}
    make.candidate(sweep, params=many, metrics={"acc": 1, "loss": 2})
    browser.get(url, {"cols": "p:p3,p:a.b!c%2Cd,m:acc.min"})
    browser.get(url, {"cols": "m:acc.min,m:loss.min"})

    page = Page(browser.get(url, {"cols": "a:state"}))
    beside = make.experiment(vision, "beside")
    make.candidate(beside, params={"p3": "1", "p4": "2"})
    other = Page(browser.get(f"/p/vision/experiments/{beside.iid}/?cols=a:state"))

    def lately(page):
        picker = page.root.one("form", id="columns")
        [part] = [p for p in picker.all("details") if p.text.startswith("Used lately")]
        return [box.attributes["value"] for box in part.all("input")]

    assert lately(page) == ["m:acc.min", "m:loss.min", "p:p3", "p:a.b!c%2Cd"]
    assert lately(other) == ["p:p3"]
    assert browser.cookies["columns"]["path"] == "/p/vision/"


def test_the_picker_narrows_to_a_kind(browser, sweep, url):
    make.candidate(sweep, metrics={"loss": 1}, params={"lr": "1"}, tags={"team": "x"})

    def offered(kind):
        page = Page(browser.get(url, {"cols": "a:state", "kind": kind}))
        assert "open" in page.root.one("details", id="columns-menu").attributes
        boxes = page.root.one("form", id="columns").all("input", name="cols")
        return {box.attributes["value"] for box in boxes} - {"a:state"}

    assert offered("m") == {"m:loss.min"}
    assert offered("p") == {"p:lr"}
    assert "t:team" in offered("t")
    assert "a:start" in offered("a")


def test_a_key_may_end_like_an_aggregate(browser, sweep, url):
    make.candidate(sweep, metrics={"x": 1.0, "x.max": 2.0, "y.max": 3.0})

    page = Page(browser.get(url, {"cols": "m:x.max,m:x.max.last,m:y.max"}))

    assert page.headings == ["Candidate", "x max", "", "x.max last", "y.max last"] or (
        [h for h in page.headings if not h.startswith("Position")]
        == ["Candidate", "x max", "x.max last", "y.max last"]
    )


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("cols=p:nothing", "no column 'p:nothing'"),
        ("cols=nonsense", "no column 'nonsense'"),
        ("cols=m:acc.median", "no column 'm:acc.median'"),
        ("cols=%00", "no column"),
        ("sort=-p:nothing", "cannot be sorted by '-p:nothing'"),
        ("sort=a:files", "cannot be sorted by 'a:files'"),
        ("n=7", "'7' is none of these"),
        ("n=%C2%B2", "none of these"),
        ("sort=p%3A%00", "cannot be sorted"),
    ],
)
def test_a_bad_value_is_a_note_beside_the_table(browser, sweep, url, query, note):
    make.candidate(sweep, metrics={"acc": 1.0})

    answer = browser.get(f"{url}?{query}")

    assert answer.status_code == 200
    page = Page(answer)
    assert any(note in p.text for p in page.main.all("p", role="status"))
    assert page.column("Candidate")


@pytest.mark.parametrize("counted", [False, True])
def test_only_differences_hides_what_is_equal(browser, sweep, url, counted):
    for n in range(2):
        make.candidate(
            sweep,
            params={"same": "1", "other": str(n)},
            metrics={"acc": 0.5, "loss": float(n)},
        )
    make.candidate(sweep, params={"same": "1", "other": "1"}, metrics={"acc": 0.5})
    if counted:
        catalogue.count(sweep)

    page = Page(
        browser.get(url, {"diff": "1", "cols": "p:same,p:other,m:acc,m:loss,a:state"})
    )

    kept = [h.split(" ,")[0] for h in page.headings if not h.startswith("Position")]
    assert kept == ["Candidate", "other", "loss min", "State"]
    assert "2 equal columns folded" in page.main.one("footer").text
    box = page.root.one("input", name="diff", type="checkbox")
    assert "checked" in box.attributes


def test_only_differences_over_several_pages_asks_the_catalogue(browser, sweep, url):
    make.candidate(sweep, params={"same": "1", "rare": "1"})
    for _ in range(25):
        make.candidate(sweep, params={"same": "1", "rare": "0"})
    catalogue.count(sweep)

    page = Page(browser.get(url, {"diff": "1", "cols": "p:same,p:rare", "n": "25"}))

    assert page.headings == ["Candidate", "rare"]
    assert set(page.column("rare")) == {"0"}
