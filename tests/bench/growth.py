"""`python -m tests.bench.growth`: what a page costs in a small and in a very large experiment.

Asks a server of its own, over the database of TRACKER_DATA_DIR or TRACKER_DATABASE_URL,
about two experiments that `manage.py seed_load --long=20` has made, in turns, so that a busy
machine slows both. Prints the table of docs/scaling.md, and writes its plot to `--plot`.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode

from tests.live import ROOT, Server

API = "/api/2.0/mlflow/"
DEEP = 50
LONG = 20
TWICE = 2.0


class Asker:
    """One connection that is kept, and how long its answers take."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        sent = json.dumps(body) if body else None
        headers = {"Accept-Encoding": "br, gzip", "Content-Type": "application/json"}
        self.connection.request(method, path, sent, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
        return content

    def csv(self, path: str) -> list[list[str]]:
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        lines = answer.read().decode("utf-8-sig").splitlines()
        return [line.split(",") for line in lines]


@dataclass
class Line:
    what: str
    act: Callable[["Place"], object]
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    def p50(self, name: str) -> float:
        return statistics.median(self.milliseconds[name])

    def p95(self, name: str) -> float:
        """The nearest rank: of twenty the nineteenth."""
        taken = sorted(self.milliseconds[name])
        return taken[math.ceil(0.95 * len(taken)) - 1]


@dataclass
class Place:
    """An experiment, and what of it is asked about."""

    asker: Asker
    project: str
    name: str
    iid: str = ""
    size: int = 0
    newest: list[str] = field(default_factory=list)
    rare: str = ""
    deep: str = ""

    def look(self) -> None:
        experiments = self.asker.csv(f"/p/{self.project}/experiments.csv")
        at = {title: place for place, title in enumerate(experiments[0])}
        [row] = [one for one in experiments if one[at["name"]] == self.name]
        self.iid, self.size = row[at["id"]], int(row[at["candidates"]])
        title, *listed = self.asker.csv(f"{self.page_path[:-1]}.csv")
        self.newest = [row[title.index("number")] for row in listed[:LONG]]
        first = json.loads(self.search(limit=1))["runs"][0]
        params = {one["key"]: one["value"] for one in first["data"]["params"]}
        self.rare = params["p5"]
        for _ in range(DEEP - 1):
            answer = json.loads(self.search(page_token=self.deep))
            self.deep = answer["next_page_token"]

    @property
    def page_path(self) -> str:
        return f"/p/{self.project}/experiments/{self.iid}/"

    def search(self, filter: str = "", *order: str, limit: int = 100, **more: str):
        path = f"/p/{self.project}{API}runs/search"
        body = {"experiment_ids": [self.iid], "filter": filter, "max_results": limit}
        return self.asker.ask("POST", path, {**body, "order_by": [*order], **more})

    def page(self, part: str = "", **query: object) -> bytes:
        asked = f"?{urlencode(query)}" if query else ""
        return self.asker.ask("GET", f"{self.page_path}{part}{asked}")

    def project_page(self, part: str) -> bytes:
        return self.asker.ask("GET", f"/p/{self.project}/{part}")

    @property
    def some(self) -> str:
        return quote(",".join(self.newest), safe=",")


LINES = [
    Line("newest", lambda at: at.search()),
    Line("deep page (the 50th)", lambda at: at.search(page_token=at.deep)),
    Line(
        "metric filter with sort",
        lambda at: at.search("metrics.m1 > 0.5", "metrics.m1 DESC"),
    ),
    Line("param equality", lambda at: at.search("params.p0 = '3'")),
    Line("rare param equality", lambda at: at.search(f"params.p5 = '{at.rare}'")),
    Line("tag LIKE", lambda at: at.search("tags.team LIKE '%red%'")),
    Line(
        "param and tag LIKE",
        lambda at: at.search("params.p0 = '3' AND tags.team LIKE '%red%'"),
    ),
    *(
        Line(
            f"… one in {many:,} meets it"
            if many > 2
            else "filter and sort, two metrics",
            lambda at, many=many: at.search(
                f"metrics.m1 > {1 - 1 / many}", "metrics.m2 DESC"
            ),
        )
        for many in (2, 50, 100, 1000)
    ),
    Line("candidates page", lambda at: at.page()),
    Line("… filtered, one in 2 meets it", lambda at: at.page(q="m1 > 0.5")),
    Line(
        "… one in 100, sorted by another metric",
        lambda at: at.page(q="m1 > 0.99", sort="-m:m2"),
    ),
    Line("… two conditions", lambda at: at.page(q="m1 > 0.5 and p2 < 0.5")),
    Line("… by the maximum of a metric", lambda at: at.page(sort="-m:m3.max")),
    Line("… a word of one in 100", lambda at: at.page(q="team-red-7")),
    Line("… a word that few have", lambda at: at.page(q="run-4242")),
    Line("leaderboard", lambda at: at.page("insights/", m="m0")),
    Line("experiments page", lambda at: at.project_page("experiments/")),
    Line("project page", lambda at: at.project_page("")),
    Line("projects page", lambda at: at.asker.ask("GET", "/projects/")),
    Line(
        "compare page, 20 candidates",
        lambda at: at.project_page(f"compare/?c={at.some}"),
    ),
    Line(
        "chart.json of 20 curves",
        lambda at: at.project_page(
            f"compare/chart.json?chart=lines&m=curve&c={at.some}"
        ),
    ),
    Line("candidate page", lambda at: at.project_page(f"c/{at.newest[0]}/")),
]


def measure(places: list[Place], rounds: int) -> None:
    for line in LINES:
        for place in places:
            line.act(place)  # once for the caches of both
        for _ in range(rounds):
            for place in places:
                began = time.perf_counter()
                line.act(place)
                took = 1000 * (time.perf_counter() - began)
                line.milliseconds.setdefault(place.name, []).append(took)
        medians = ", ".join(f"{line.p50(place.name):,.0f}" for place in places)
        print(f"{line.what}: {medians}", file=sys.stderr, flush=True)


def table(small: Place, large: Place) -> str:
    lines = [
        f"| page | {small.size:,}: p50 | p95 | {large.size:,}: p50 | p95 | p95 grows |",
        "|---|---|---|---|---|---|",
    ]
    for line in LINES:
        numbers = [
            f"{value:,.0f}"
            for place in (small, large)
            for value in (line.p50(place.name), line.p95(place.name))
        ]
        ratio = line.p95(large.name) / line.p95(small.name)
        grows = f"**{ratio:.1f}**" if ratio > TWICE else f"{ratio:.1f}"
        lines.append(f"| {line.what} | {' | '.join(numbers)} | {grows} |")
    return "\n".join(lines)


# ---------------------------------------------------------------- the plot

STYLE = (
    "text{fill:#1f2430}.g{stroke:#c9ced8}.l{stroke:#8a93a5;stroke-width:2}"
    ".a{fill:#8a93a5}.b{fill:#2f6fdb}@media(prefers-color-scheme:dark){"
    "text{fill:#e6e9ef}.g{stroke:#3a4150}.l{stroke:#8a93a5}.b{fill:#7aa7ff}}"
)
LEFT, WIDTH, ROW, TOP = 300, 440, 20, 54
TICKS = (3, 10, 30, 100, 300, 1000, 3000, 10_000)


def plot(small: Place, large: Place) -> str:
    """p95 of each line at both sizes, on a scale of factors."""
    every = [line.p95(place.name) for line in LINES for place in (small, large)]
    low, high = math.log(min(every) * 0.9), math.log(max(every) * 1.1)
    bottom = TOP + ROW * len(LINES)

    def x(value: float) -> int:
        return round(LEFT + WIDTH * (math.log(value) - low) / (high - low))

    said = f"p95 of each page with {small.size:,} and with {large.size:,} candidates"
    made = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {bottom + 14}"'
        f' role="img" aria-label="{said}" font-family="system-ui, sans-serif"'
        ' font-size="13">',
        f"<style>{STYLE}</style>",
        '<circle class="a" cx="300" cy="16" r="5"/>'
        f'<text x="310" y="20">{small.size:,} candidates</text>'
        '<circle class="b" cx="470" cy="16" r="5"/>'
        f'<text x="480" y="20">{large.size:,} candidates</text>'
        '<text x="756" y="20" text-anchor="end">p95, ms</text>',
    ]
    for tick in TICKS:
        if low <= math.log(tick) <= high:
            at, end = x(tick), bottom - 10
            made.append(
                f'<line class="g" x1="{at}" y1="36" x2="{at}" y2="{end}"/>'
                f'<text x="{at}" y="{bottom + 8}" text-anchor="middle">{tick:,}</text>'
            )
    for number, line in enumerate(LINES):
        y = TOP + ROW * number
        a, b = x(line.p95(small.name)), x(line.p95(large.name))
        made.append(
            f'<text x="286" y="{y + 4}" text-anchor="end">{line.what}</text>'
            f'<line class="l" x1="{a}" y1="{y}" x2="{b}" y2="{y}"/>'
            f'<circle class="a" cx="{a}" cy="{y}" r="5"/>'
            f'<circle class="b" cx="{b}" cy="{y}" r="5"/>'
        )
    return "\n".join([*made, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", default="load")
    parser.add_argument("--small", default="load-10000", help="name of an experiment")
    parser.add_argument("--large", default="load-1000000", help="name of another")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    folder = Path(os.environ.get("TRACKER_DATA_DIR", ROOT / "data")).resolve()
    kept = ("TRACKER_DATABASE_URL",)
    settings = {name: os.environ[name] for name in kept if name in os.environ}
    server = Server(folder, **settings).start()
    try:
        asker = Asker(server.port)
        small, large = (
            Place(asker, asked.project, name) for name in (asked.small, asked.large)
        )
        for place in (small, large):
            place.look()
        print(f"load {os.getloadavg()[0]:.1f}, {asked.rounds} rounds\n")
        measure([small, large], asked.rounds)
        print(table(small, large))
        if asked.plot:
            asked.plot.write_text(plot(small, large))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
