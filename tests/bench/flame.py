"""`python -m tests.bench.flame`: where the time of logged points and of runs' lives goes.

Samples a server of its own while scripts log to it, from the call that the web server makes
upwards, and draws what it saw: docs/images/log-metric.svg and life.svg. py-spy takes the
samples, and must be allowed to look into other processes.
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tests.bench.__main__ import Script, rate
from tests.live import ROOT, Server

SECONDS = 8
FIRST = "application (tracker/wsgi.py)"
STANDARD = sysconfig.get_path("stdlib")
WIDTH, ROW = 1000, 19
LEAST = 0.01  # of all; what takes less is left out
CHARACTER = 6.7
# Most specific first: storing it, our own way there, and what Django and others do.
CLASSES = (
    ("db", ("tracker/database", "django/db/backends", "psycopg", "sqlite3")),
    ("us", ("tracker/", "artifacts/")),
    ("dj", ("",)),
)
STYLE = (
    "rect{stroke:#fff}text{fill:#1f2430}"
    ".db{fill:#8fc7a8}.us{fill:#9dbcf2}.dj{fill:#e8c88a}"
)


@dataclass
class Frame:
    """A function, how many samples saw it called from here, and what it called then."""

    name: str
    samples: int = 0
    called: dict[str, "Frame"] = field(default_factory=dict)

    def add(self, stack: Iterable[str], samples: int) -> None:
        self.samples += samples
        frame = self
        for name in stack:
            frame = frame.called.setdefault(name, Frame(name))
            frame.samples += samples

    def depth(self, least: float) -> int:
        deep = [
            one.depth(least) for one in self.called.values() if one.samples >= least
        ]
        return 1 + max(deep, default=0)


def sampled(server: Server, act, connections: int) -> Frame:
    """What the server did while so many connections logged."""
    load = (server.port, act, connections, SECONDS + 2)  # py-spy takes a while to begin
    work = threading.Thread(target=rate, args=load)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "stacks"
        work.start()
        look = ["py-spy", "record", "--subprocesses", "--rate", "400"]
        how = ["--format", "raw", "--output", str(file), "--duration", str(SECONDS)]
        subprocess.run(
            [str(Path(sys.executable).with_name(look[0])), *look[1:], *how]
            + ["--pid", str(server.processes()[0].pid)],
            check=True,
            capture_output=True,
        )
        work.join()
        return read(file.read_text().splitlines())


def read(lines: Iterable[str]) -> Frame:
    """The stacks of py-spy, `caller;called;… samples`, from the first frame of ours on."""
    root = Frame(FIRST)
    for line in lines:
        stack, _, samples = line.rpartition(" ")
        names = [short(name) for name in stack.split(";")]
        if FIRST in names:
            root.add(names[names.index(FIRST) + 1 :], int(samples))
    return root


def short(name: str) -> str:
    """`answer (tracker/express.py)`, wherever the file lies, and whichever line it was."""
    function, _, place = name.rstrip(")").partition(" (")
    path, _, _ = place.partition(":")
    for root in (f"{ROOT}/", "site-packages/", f"{STANDARD}/"):
        path = path.rpartition(root)[2] or path
    return f"{function.rpartition('<locals>.')[2]} ({path})"


def picture(root: Frame, title: str) -> str:
    least = LEAST * root.samples
    height = root.depth(least) * ROW + 4
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' role="img" aria-label="{escape(title)}"'
            f' font-family="ui-monospace, monospace" font-size="11">'
            f"<style>{STYLE}</style>",
            *drawn(root, 0.0, height - ROW - 2, WIDTH / root.samples, least),
            "</svg>\n",
        ]
    )


def drawn(
    frame: Frame, left: float, top: int, scale: float, least: float
) -> Iterable[str]:
    width = frame.samples * scale
    function, _, file = frame.name.rstrip(")").partition(" (")
    kind = next(kind for kind, parts in CLASSES if any(part in file for part in parts))
    label = function[: int((width - 4) / CHARACTER)]
    text = f'<text x="{left + 3:.1f}" y="{top + 13}">{escape(label)}</text>'
    yield (
        f"<g><title>{escape(frame.name)}, {width / WIDTH:.0%}</title>"
        f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW}"/>'
        f"{text if len(label) > 2 else ''}</g>"
    )
    for one in sorted(frame.called.values(), key=lambda one: one.name):
        if one.samples >= least:
            yield from drawn(one, left, top - ROW, scale, least)
            left += one.samples * scale


PICTURES = {
    "log-metric": (Script.log_metric, 4, "Where the time of a logged point goes"),
    "life": (Script.life, 4, "Where the time of a run's life goes"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images")
    folder = parser.parse_args().to
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place) / "data").start()
        try:
            for name, (act, connections, title) in PICTURES.items():
                frame = sampled(server, act, connections)
                (folder / f"{name}.svg").write_text(picture(frame, title))
                print(f"{folder / name}.svg: {frame.samples:,} samples")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
