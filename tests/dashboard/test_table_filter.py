"""The filter and the order of a candidates table, and its pages."""

import pytest

from dashboard.table import matching
from tests import make
from tests.dashboard.reading import Page
from tracker import tallies
from tracker.search import ordering, table
from tracker.search.table import Search


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


@pytest.fixture
def six(sweep):
    """#1 to #6: lr 0, 1, 2 …; val/acc 0.0, 0.1, 0.2 …; the last without a metric."""
    for n in range(6):
        make.candidate(
            sweep,
            name=f"c{n}",
            params={"lr": str(n), "model": "ab"[n % 2]},
            metrics={"val/acc": n / 10, "val/loss": 1 - n / 10} if n < 5 else {},
            started_ms=n,
        )
    return sweep


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("params.lr = 2", ["#3 c2"]),
        ("lr >= 4", ["#6 c5", "#5 c4"]),
        ('metrics."val/acc" > 0.25 and model = a', ["#5 c4"]),
        ("c1 or c2", ["#3 c2", "#2 c1"]),
        ("", ["#6 c5", "#5 c4", "#4 c3", "#3 c2", "#2 c1", "#1 c0"]),
    ],
)
def test_filters(browser, six, url, q, found):
    page = Page(browser.get(url, {"q": q}))

    assert page.column("Candidate") == found
    assert page.values("q")[0] == q
    if q:
        assert f"{len(found)} of 6 match" in page.main.text
    else:
        assert "of 6 match" not in page.main.text


def test_each_condition_is_a_chip_that_can_be_taken_away(browser, six, url):
    page = Page(browser.get(url, {"q": "lr > 1 and model = a", "n": "25"}))

    chips = [chip.one("b").text for chip in page.root.all("span", class_="chip")]
    assert chips == ["lr", "model"]
    rest = Page(browser.get(page.link("Remove lr > 1")))
    assert rest.values("q")[0] == "model = a"
    assert page.link("Remove lr > 1").endswith("n=25")
    assert page.link("Remove model = a").startswith(f"{url}?q=lr")


@pytest.mark.parametrize(
    ("q", "message", "mark"),
    [
        ("lr <", "Expected a value after < (character 5).", 4),
        ("lr < 1 and (model = a", "(character 22)", 21),
        ("nonsense = 1", "Nothing here is called nonsense (character 1).", 0),
        ("'open", "The quote that opens here is never closed", 0),
    ],
)
def test_a_faulty_filter_shows_its_fault_and_every_row(
    browser, six, url, q, message, mark
):
    answer = browser.get(url, {"q": q})

    page = Page(answer)
    assert answer.status_code == 200
    problem = page.root.one("div", id="filter-problem")
    assert message in problem.one("b").text
    assert problem.one("pre").exact == f"{q}\n{' ' * mark}^"
    assert len(page.rows) == 6
    field = page.root.one("input", id="q")
    assert field.attributes["value"] == q
    assert field.attributes["aria-describedby"] == "filter-problem"
    assert not page.root.all("span", class_="chip")


@pytest.mark.parametrize(
    "q",
    ["\0", "~" * 50, "lr ~ '('", "(" * 500, "lr = " + "9" * 400, "'" * 9, "ﷺ" * 200],
)
def test_no_filter_breaks_the_page(browser, six, url, q):
    for end in ("", "&n=25"):
        assert browser.get(f"{url}?{end}", {"q": q}).status_code == 200


def test_a_fault_far_into_a_long_filter_is_still_pointed_at(browser, six, url):
    q = " or ".join(["lr = 1"] * 40) + " or lr <"

    pre = (
        Page(browser.get(url, {"q": q})).root.one("div", id="filter-problem").one("pre")
    )

    line, mark = pre.exact.split("\n")
    assert line.endswith("or lr <")
    assert len(mark) == len(line) + 1


def test_no_match_says_what_each_condition_costs(browser, six, url):
    page = Page(browser.get(url, {"q": "lr > 3 and model = a and c1", "cols": "p:lr"}))

    assert "No candidate matches" in page.main.text
    costs = [item.text for item in page.main.one("ul", class_="without").all("li")]
    assert costs == [
        "Without model = a 0",
        "Without c1 1",
        "Without lr > 3 0",
    ] or costs == [
        "Without lr > 3 0",
        "Without model = a 0",
        "Without c1 1",
    ]
    assert page.link("Clear filter") == f"{url}?cols=p:lr"


def test_the_best_value_is_of_what_matches(browser, six, url):
    page = Page(
        browser.get(url, {"q": "lr < 3", "cols": "m:val/acc.max,m:val/loss.min"})
    )

    assert page.column("acc max , higher is better") == ["best: 0.2000", "0.1000", "0"]
    assert page.column("loss min , lower is better")[0] == "best: 0.8000"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-m:val/acc.max", [5, 4, 3, 2, 1, 6]),
        ("m:val/acc.max", [1, 2, 3, 4, 5, 6]),
        ("m:val/loss.min", [5, 4, 3, 2, 1, 6]),
        ("-p:lr", [6, 5, 4, 3, 2, 1]),
        ("p:model,-p:lr", [5, 3, 1, 6, 4, 2]),
        ("a:start", [1, 2, 3, 4, 5, 6]),
        ("-a:name", [6, 5, 4, 3, 2, 1]),
    ],
)
def test_sorts_over_all_with_what_is_missing_last(browser, six, url, sort, order):
    page = Page(browser.get(url, {"sort": sort}))

    assert [int(c[1]) for c in page.column("Candidate")] == order


def test_a_header_sorts_with_the_best_first_and_then_turns_round(browser, six, url):
    first = Page(browser.get(url))
    once = Page(browser.get(first.link("acc max , higher is better")))
    twice = Page(browser.get(once.link("acc max , higher is better")))

    assert first.link("acc max , higher is better") == f"{url}?sort=-m:val/acc.max"
    assert first.link("loss min , lower is better") == f"{url}?sort=m:val/loss.min"
    [marked] = [th for th in once.root.all("th") if "aria-sort" in th.attributes]
    assert (marked.text, marked.attributes["aria-sort"]) == (
        "acc max , higher is better",
        "descending",
    )
    assert once.column("Candidate")[0] == "#5 c4"
    assert twice.column("Candidate")[0] == "#1 c0"


@pytest.mark.parametrize("sort", ["-m:val/acc.max", "p:lr", "-p:model", "a:duration"])
def test_every_order_can_be_walked_there_and_back(browser, sweep, url, sort):
    for n in range(60):
        make.candidate(
            sweep,
            name=f"c{n}",
            metrics={"val/acc": float(n % 7)} if n % 5 else {},
            params={"lr": str(n % 3), "model": "x"} if n % 4 else {},
        )
    pages = [Page(browser.get(url, {"sort": sort, "n": "25", "q": "number > 2"}))]
    while next_one := pages[-1].links("Next 25"):
        pages.append(Page(browser.get(next_one[0])))

    names = [name for page in pages for name in page.column("Candidate")]
    back = Page(browser.get(pages[-1].link("Previous")))

    assert len(pages) == 3
    assert len(set(names)) == len(names) == 58
    assert back.column("Candidate") == pages[-2].column("Candidate")


def test_a_link_to_a_page_of_another_filter_leads_to_the_first(browser, sweep, url):
    make.candidates(sweep, 30)
    token = Page(browser.get(url, {"n": "25"})).link("Next 25").rpartition("after=")[2]

    page = Page(browser.get(f"{url}?n=25&q=number>1&after={token}"))

    assert len(page.rows) == 25
    assert "has expired" in page.main.text


def test_the_best_of_very_many_comes_from_the_index(browser, six, url, monkeypatch):
    query = {"q": "lr < 4", "n": "25", "cols": "m:val/acc.max,m:val/loss.min"}
    monkeypatch.setattr("dashboard.table.matching.Found.is_complete", False)
    few = Page(browser.get(url, query))
    monkeypatch.setattr("dashboard.table.extremes.FEW", 0)
    many = Page(browser.get(url, query))
    monkeypatch.setattr("dashboard.table.extremes.FAR", -1)
    very_many = Page(browser.get(url, query))

    assert few.main.one("table") == very_many.main.one("table")
    assert few.column("acc max , higher is better")[0] == "best: 0.3000"
    assert few.main.one("table") == many.main.one("table")


def test_a_filter_that_takes_too_long_to_count_still_has_its_page(
    browser, sweep, url, monkeypatch
):
    make.candidates(sweep, 30, metrics={"val/acc": 0.5})
    monkeypatch.setattr(Search, "keys", lambda search: None)

    page = browser.get(url, {"q": "val/acc > 0", "n": 25})

    text = page.content.decode()
    assert "25+ of 30 match" in text
    assert 'class="best"' not in text  # of so many nobody knows


@pytest.mark.parametrize(
    ("key", "example"),
    [
        ("val/acc", "m:val/acc.max > 2 and status = finished"),
        ("the loss", "m:`the loss`.min < -1 and status = finished"),
    ],
)
def test_the_example_is_a_filter_of_this_experiment(browser, sweep, url, key, example):
    for n in (-1, 0, 1, 2):
        make.candidate(sweep, metrics={key: n})

    page = Page(browser.get(url))

    assert page.root.one("input", id="q").attributes["placeholder"] == example
    answer = Page(browser.get(url, {"q": example}))
    assert not answer.root.all("div", id="filter-problem")
    assert "0 of 4 match" in answer.main.text


@pytest.fixture
def huge(six, monkeypatch):
    """Where six are very many, and two are all that a page has time for."""
    monkeypatch.setattr(tallies, "MANY", 6)
    monkeypatch.setattr(ordering, "REACH", 2)
    monkeypatch.setattr(table, "PART_SECONDS", 0)
    monkeypatch.setattr(matching, "FIRST_SECONDS", 0)
    monkeypatch.setattr(matching, "NEXT_SECONDS", 0)
    return six


def test_a_page_of_very_many_ends_early_and_says_so(browser, huge, url):
    page = Page(browser.get(url, {"q": "c3 or c4"}))

    assert page.column("Candidate") == ["#5 c4"]
    assert "a look through 2 candidates" in page.main.text
    assert "1+ of 6 match" in page.main.text
    rest = Page(browser.get(page.link("Next 50")))
    assert rest.column("Candidate") == ["#4 c3"]


def test_so_does_one_on_which_there_is_nothing_yet(browser, huge, url):
    page = Page(browser.get(url, {"q": "c3"}))

    assert "None of those looked through matches" in page.main.text
    assert "Without" not in page.main.text
    further = Page(browser.get(page.link("Look further")))
    assert further.column("Candidate") == ["#4 c3"]


def test_of_very_many_the_few_that_match_are_counted(browser, huge, url, monkeypatch):
    monkeypatch.setattr(table, "PART_SECONDS", 60)

    page = Page(browser.get(url, {"q": "c3 or c1", "sort": "m:val/acc"}))

    assert page.column("Candidate") == ["#2 c1", "#4 c3"]
    assert "2 of 6 match" in page.main.text
    assert "look through" not in page.main.text
