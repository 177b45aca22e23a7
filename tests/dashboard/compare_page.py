"""The comparison in tests: how it is asked for and read."""

from tests.dashboard.reading import Element, Page
from tracker import recording

START = 1_700_000_000_000
PATH = "/p/vision/compare/"


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


def numbers_of(*candidates):
    return ",".join(str(candidate.iid) for candidate in candidates)


def compare(browser, *candidates, **query):
    return Page(browser.get(PATH, {"c": numbers_of(*candidates), **query}))


def differences(page):
    """Cells by key, without the strip."""
    found = {}
    for row in page.root.one("section", class_="diff").one("table").all("tr"):
        cells = [cell for cell in row.children if isinstance(cell, Element)]
        if cells and cells[0].attributes.get("scope") == "row":
            found[cells[0].text] = [cell.text for cell in cells[1:-1]]
    return found


def sentence(page):
    return page.root.all("p", class_="lede mt5")[0].text


def notices(page):
    return [p.text for p in page.main.all("p") if "notice" in p.classes]
