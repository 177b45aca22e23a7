"""A candidate's page in tests: its address, what it logs, the facts beside it."""

from tracker import recording

START = 1_700_000_000_000


def curve(key, values, *, every=10):
    return [
        recording.Point(key, value, START + 1000 * n, n * every)
        for n, value in enumerate(values)
    ]


def url(candidate, part=""):
    return f"/p/{candidate.project.slug}/c/{candidate.iid}/{part}"


def facts(page):
    """The lines of the lists beside the page, by their label."""
    return {
        line.one("dt").text: line.one("dd").text
        for listed in page.root.all("dl")
        for line in listed.all("div")
    }
