"""`make budgets`: what pages may cost on the reference data, and what they do cost here.

The data is made once, in `budgets` of the data folder, and goes on where it was stopped.
`--candidates` makes less of it, for a small machine; the table then says so.
"""

import argparse
import csv
import gzip
import io
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import psutil

from tests.bench.browsing import browsing
from tests.live import ROOT, Server, environment

TIMES = 20
WARM = 2
PROJECT = "budgets"
COLUMNS = [*(f"m:m{n}" for n in range(6)), *(f"p:p{n}" for n in range(6))]
SCRIPTS_AND_STYLES = re.compile(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"')
PLOTLY = "plotly"


@dataclass
class Line:
    """One of the table."""

    what: str
    budget: str
    measured: str
    is_met: bool

    def __str__(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        return f"| {self.what} | {self.budget} | {self.measured} | {verdict} |"


class Reader:
    """One connection that is kept, asking as browsers do."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=300)

    def get(self, path: str, *, status: int = 200) -> tuple[bytes, bytes]:
        """The body as it was sent, and unpacked where it was gzip."""
        self.connection.request("GET", path, headers={"Accept-Encoding": "br, gzip"})
        answer = self.connection.getresponse()
        sent = answer.read()
        if answer.status != status:
            raise SystemExit(f"{path}: {answer.status} {sent[:200]!r}")
        is_gzip = answer.headers.get("Content-Encoding") == "gzip"
        return sent, gzip.decompress(sent) if is_gzip else sent

    def text(self, path: str) -> str:
        return self.get(path)[1].decode()

    def rows(self, path: str, **query: object) -> list[dict[str, str]]:
        text = self.text(f"{path}?{urlencode(query)}").removeprefix("\ufeff")
        return list(csv.DictReader(io.StringIO(text)))

    def time(self, path: str, *, status: int = 200) -> "Times":
        for _ in range(WARM):
            self.get(path, status=status)
        taken, before = [], self.cpu()
        for _ in range(TIMES):
            began = time.perf_counter()
            self.get(path, status=status)
            taken.append(1000 * (time.perf_counter() - began))
        return Times(sorted(taken), 1000 * (self.cpu() - before) / TIMES)

    def cpu(self) -> float:
        """Seconds that all processes of the server have used."""
        used = [process.cpu_times() for process in self.server.processes()]
        return sum(one.user + one.system for one in used)


@dataclass
class Times:
    """Milliseconds to the last byte, in order of size, and of CPU for each request.

    On a machine with other work, only the second says what the server does.
    """

    taken: list[float]
    cpu: float

    @property
    def p95(self) -> float:
        return self.taken[round(0.95 * TIMES) - 1]

    def __str__(self) -> str:
        median = statistics.median(self.taken)
        return f"{median:,.0f} ms, p95 {self.p95:,.0f} ms; CPU {self.cpu:,.0f} ms"


@dataclass
class Places:
    """Where the reference data is."""

    large: str
    many_keys: str
    candidates: list[str]
    curves: list[str]
    many_curves: list[str]

    @classmethod
    def find(cls, reader: Reader) -> "Places":
        base = f"/p/{PROJECT}/experiments"
        numbers = {one["name"]: one["id"] for one in reader.rows(f"{base}.csv")}
        large = f"{base}/{numbers['large']}"
        return cls(
            f"{large}/",
            f"{base}/{numbers['keys']}/",
            [one["number"] for one in reader.rows(f"{large}.csv", n=250)],
            [one["number"] for one in reader.rows(f"{large}.csv", q="curve > -1")],
            [
                one["number"]
                for one in reader.rows(f"{base}/{numbers['curves']}.csv", n=50)
            ],
        )


def served(reader: Reader, at: Places) -> Iterator[Line]:
    """Times of the server, one request after another."""
    wide = {"n": 100, "cols": ",".join(COLUMNS)}
    table = f"{at.large}?{urlencode(wide)}"
    keys = f"{at.many_keys}?"
    compare = f"/p/{PROJECT}/compare/?tab=params&c="

    def timed(what: str, path: str, limit: int, status: int = 200) -> Line:
        times = reader.time(path, status=status)
        return Line(what, f"p95 < {limit} ms", str(times), times.p95 < limit)

    def more(**query: str) -> str:
        return f"{at.large}?{urlencode(wide | query)}"

    yield timed("table, 100 rows of 12 columns", table, 300)
    yield timed("… by the maximum of a metric", more(sort="-m:m3.max"), 300)
    yield timed("… two conditions", more(q="m1 > 0.5 and p2 < 0.5"), 300)
    yield timed("… free text", more(q="run-77"), 800)
    yield timed("… a regular expression", more(q="name ~ '7{2}'"), 800)
    yield timed("only differences", f"{at.large}?diff=1", 200)
    yield timed("column picker of 3,000 keys", f"{keys}find=m29&kind=metric", 200)
    yield timed("candidate", f"/p/{PROJECT}/c/{at.candidates[0]}/", 150)
    for many, limit in ((20, 300), (200, 1000)):
        chosen = ",".join(at.candidates[:many])
        yield timed(f"compare {many}, differences", compare + chosen, limit)
    yield timed("leaderboard with intervals", f"{at.large}insights/?m=m0", 500)
    page = reader.text(table)
    changes, version = (
        unescape(re.search(rf'data-{name}="([^"]+)"', page)[1])
        for name in ("changes", "version")
    )
    joint = "&" if "?" in changes else "?"
    since = urlencode({"since": version})
    yield timed("poll without a change", f"{changes}{joint}{since}", 20, status=204)


def sized(reader: Reader, at: Places) -> Iterator[Line]:
    """Bytes as they are sent."""

    def kilobytes(what: str, size: int, limit: int) -> Line:
        return Line(
            what, f"≤ {limit:,} KB", f"{size / 1000:,.1f} KB", size <= 1000 * limit
        )

    query = urlencode({"n": 100, "cols": ",".join(COLUMNS)})
    table = f"{at.large}?{query}"
    yield kilobytes("HTML of the table", len(reader.get(table)[0]), 60)
    files = set(SCRIPTS_AND_STYLES.findall(reader.text(table)))
    own = sum(len(reader.get(one)[0]) for one in files if PLOTLY not in one)
    yield kilobytes("its CSS and scripts with htmx", own, 45)
    charts = SCRIPTS_AND_STYLES.findall(reader.text(f"{at.large}charts/"))
    plotly = sum(len(reader.get(one)[0]) for one in set(charts) if PLOTLY in one)
    yield kilobytes("Plotly", plotly, 1400)
    yield curves(reader, at.curves, 250, 150, " (of 10 curves)")
    yield curves(reader, at.many_curves, 600, 400)


def curves(
    reader: Reader, chosen: list[str], limit: int, kilobytes: int, of: str = ""
) -> Line:
    chart = f"/p/{PROJECT}/compare/chart.json?chart=lines&m=curve&c={','.join(chosen)}"
    times = reader.time(chart)
    size = len(reader.get(chart)[0])
    return Line(
        f"chart of {len(chosen)} long curves",
        f"p95 < {limit} ms, ≤ {kilobytes} KB{of}",
        f"{times}; {size / 1000:,.0f} KB",
        times.p95 < limit and size <= 1000 * kilobytes,
    )


def browsed(url: str, at: Places) -> Iterator[Line]:
    seen = browsing(url, at.large, f"{at.large}charts/?{chart_query()}")
    for what, limit, unit, values in (
        ("largest paint, cold, 10 Mbit/s", 1200, "ms", seen.cold),
        ("largest paint, repeated", 600, "ms", seen.repeated),
        ("interaction: opening menus", 200, "ms", seen.interactions),
        ("memory of the page with 12 charts", 250, "MB", seen.megabytes),
    ):
        measured = (
            f"{statistics.median(values):,.0f} {unit}, at most {max(values):,.0f}"
        )
        yield Line(what, f"< {limit} {unit}", measured, max(values) < limit)
    shift = max(seen.shifts)
    yield Line("layout shift", "CLS < 0.05", f"at most {shift:.3f}", shift < 0.05)


def chart_query() -> str:
    kinds = [*(f"line!m{n}" for n in range(4)), "line!curve", "bar!m1", "env!curve"]
    kinds += [f"scatter!p:p{n}!m:m{n}" for n in range(2, 5)] + [
        "history!m1",
        "box!m1!p0",
    ]
    return urlencode([("ch", kind) for kind in kinds])


def seed(server: Server, candidates: int, points: int) -> None:
    command = [sys.executable, "manage.py"]
    load = [*command, "seed_load", f"--project={PROJECT}"]
    keys = "--experiment=keys --candidates=1000 --metrics=30 --params=20 --keys=3000"
    large = f"--experiment=large --candidates={candidates} --metrics=300 --params=150"
    # Tiles make longer ones cost no more than these.
    many = f"--experiment=curves --candidates=50 --long=50 --points={points // 20}"
    for asked in (
        [*command, "prepare"],
        [*load, *keys.split(), "--beside=17"],
        [*load, *many.split()],
        [*load, *large.split(), "--repeats=5", "--long=5", f"--points={points}"],
    ):
        subprocess.run(asked, cwd=ROOT, env=environment(**server.settings), check=True)


def machine() -> str:
    one, five, _ = os.getloadavg()
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB;"
        f" load {one:.1f} now, {five:.1f} over five minutes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    asked = parser.parse_args()
    data = Path(os.environ.get("TRACKER_DATA_DIR", ROOT / "data")).resolve()
    folder = data / "budgets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = Server(folder)
    done = folder / f"seeded-{asked.candidates}-{asked.points}"
    if not done.exists():
        seed(server, asked.candidates, asked.points)
        done.touch()
    server.start()
    try:
        reader = Reader(server)
        at = Places.find(reader)
        size = f"{asked.candidates:,} candidates, curves of {asked.points:,} points"
        print(f"{size}, SQLite; {machine()}\n")
        print("| what | budget | measured | met |")
        print("|---|---|---|---|")
        parts: list[Callable[[], Iterator[Line]]] = [
            lambda: served(reader, at),
            lambda: sized(reader, at),
            lambda: browsed(server.url, at),
        ]
        for part in parts:
            for line in part():
                print(line, flush=True)
        print(f"\nAt the end: {machine()}")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
