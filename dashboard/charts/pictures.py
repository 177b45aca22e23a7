"""A figure as an SVG file, drawn by the server: for readers without scripts and for papers.

It reads the same dict that Plotly draws and covers the traces that our figures use. The
colours are those of the theme asked for; nothing in the file can run.
"""

import math
import struct
from base64 import b64decode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, NamedTuple

from dashboard.charts.figures import DASHES
from dashboard.charts.ticks import round_ticks
from dashboard.templatetags.tracker_tags import shown

WIDTH, HEIGHT = 900, 420
TOP, RIGHT = 14, 20

# The stylesheet's tokens, light and dark; a test holds them against it.
TOKENS = {
    "--bg": ("#ffffff", "#101318"),
    "--surface": ("#f7f8fa", "#161a20"),
    "--raised": ("#ffffff", "#1c2128"),
    "--text": ("#181c25", "#e6e9ef"),
    "--muted": ("#5b6371", "#9ba4b3"),
    "--line": ("#e5e8ee", "#262c35"),
    "--line-strong": ("#868f9d", "#707a89"),
    "--ok": ("#15704a", "#62cf9b"),
    "--bad": ("#bd2d33", "#ff918b"),
    "--accent": ("#2b59cc", "#8fb3ff"),
    "--slot-0": ("#065bd1", "#537df6"),
    "--slot-1": ("#d8790a", "#e9ba14"),
    "--slot-2": ("#269fae", "#74e1f3"),
    "--slot-3": ("#b7226c", "#f575ad"),
    "--slot-4": ("#145d06", "#c5eca6"),
    "--slot-5": ("#a676ff", "#a9a1fd"),
    "--slot-6": ("#3b216f", "#95508b"),
    "--slot-7": ("#4c1a00", "#ae8947"),
    "--seq-0": ("#e3e8f1", "#232b39"),
    "--seq-1": ("#d3dbea", "#293448"),
    "--seq-2": ("#c0cce3", "#303e58"),
    "--seq-3": ("#a9badb", "#384a6b"),
    "--seq-4": ("#8fa5d2", "#43597f"),
    "--seq-5": ("#748ec7", "#536c98"),
    "--seq-6": ("#5877bb", "#6a85b3"),
    "--seq-7": ("#3f60ab", "#88a3ce"),
    "--seq-8": ("#294993", "#b2c8ea"),
    "--div-low": ("#2b6cb8", "#6aa5ec"),
    "--div-high": ("#c25a00", "#f0993e"),
}
DASHED = {"dash": "9 5", "dot": "2 4", "dashdot": "9 4 2 4"}
FORMATS = {"i4": "i", "f4": "f", "f8": "d"}


def svg(figure: dict[str, Any], *, title: str, is_dark: bool = False) -> str:
    return Picture(figure, is_dark).drawn(title)


class Axis(NamedTuple):
    """Places values between 0 and 1."""

    low: float
    high: float
    is_log: bool
    categories: list[str]
    ticks: list[tuple[float, str]]
    title: str
    is_hidden: bool

    def place(self, value: Any) -> float | None:
        if self.categories:
            text = str(value)
            if text not in self.categories:
                return None
            number = float(self.categories.index(text))
        else:
            number = as_number(value)
        if self.is_log:
            if number <= 0:
                return None
            number = math.log10(number)
        if not math.isfinite(number) or self.high <= self.low:
            return None
        return (number - self.low) / (self.high - self.low)


def as_number(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    return math.nan


def numbers(array: Any) -> list[Any]:
    """A plain list, or one in Plotly's binary form."""
    if isinstance(array, dict):
        data = b64decode(array["bdata"])
        code = FORMATS[array["dtype"]]
        return list(struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data))
    return list(array or [])


class Picture:
    """One figure on its way to a file."""

    def __init__(self, figure: dict[str, Any], is_dark: bool) -> None:
        self.is_dark = is_dark
        self.layout = figure["layout"]
        # Marks at the edge have an axis of their own; a file does without them.
        self.traces = [t for t in figure["data"] if t.get("yaxis") != "y2"]
        margin = self.layout.get("margin", {})
        self.left = max(74.0, float(margin.get("l", 60)))  # room for 0.0003162
        self.bottom = HEIGHT - max(52.0, float(margin.get("b", 52)))
        self.x = self.axis("x")
        self.y = self.axis("y")

    # ---- places
    def across(self, value: Any) -> float | None:
        place = self.x.place(value)
        return None if place is None else self.left + place * self.wide

    def up(self, value: Any) -> float | None:
        place = self.y.place(value)
        if place is None:
            return None
        if self.layout.get("yaxis", {}).get("autorange") == "reversed":
            place = 1 - place
        return self.bottom - place * (self.bottom - TOP)

    @property
    def wide(self) -> float:
        return float(WIDTH - RIGHT - self.left)

    def axis(self, name: str) -> Axis:
        said = self.layout.get(f"{name}axis", {})
        values = [v for trace in self.traces for v in spanned(trace, name)]
        title = said.get("title", {}).get("text", "")
        is_hidden = said.get("visible") is False
        is_log = said.get("type") == "log"
        if said.get("type") == "category" or any(isinstance(v, str) for v in values):
            categories = list(dict.fromkeys(str(v) for v in values if v is not None))
            ticks = [(float(n), text) for n, text in enumerate(categories)]
            return Axis(
                -0.5, len(categories) - 0.5, False, categories, ticks, title, is_hidden
            )
        finite = [
            math.log10(v) if is_log else float(v)
            for v in values
            if isinstance(v, int | float) and math.isfinite(v) and (v > 0 or not is_log)
        ]
        if fixed := said.get("range"):
            low, high = float(fixed[0]), float(fixed[1])
        elif finite:
            low, high = min(finite), max(finite)
            room = (
                (high - low) * (0.05 if name == "y" else 0.01) or abs(high) * 0.1 or 1
            )
            low, high = low - room, high + room
            if said.get("rangemode") == "tozero" or self.is_bars:
                low, high = min(low, 0.0), max(high, 0.0)
        else:
            low, high = 0.0, 1.0
        return Axis(
            low, high, is_log, [], labels(said, low, high, is_log), title, is_hidden
        )

    @property
    def is_bars(self) -> bool:
        return any(trace["type"] == "bar" for trace in self.traces)

    # ---- the file
    def colour(self, token: Any) -> str:
        """Fill or stroke, with its opacity as an attribute of its own."""
        name, _, ink = str(token or "--text").partition("/")
        pair = TOKENS.get(name)
        return pair[self.is_dark] if pair else TOKENS["--text"][self.is_dark]

    def opacity(self, token: Any) -> float:
        _, _, ink = str(token or "").partition("/")
        return int(ink) / 100 if ink.isdigit() else 1.0

    def drawn(self, title: str) -> str:
        body = "".join(
            [*self.frame(), *(p for t in self.traces for p in self.trace(t))]
        )
        font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' width="{WIDTH}" height="{HEIGHT}" role="img" font-family="{font}"'
            f' font-size="12"><title>{escape(title)}</title>'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{self.colour("--bg")}"/>'
            f"{body}</svg>"
        )

    def frame(self) -> Iterable[str]:
        muted, line = self.colour("--muted"), self.colour("--line")
        if not self.y.is_hidden:
            for value, text in self.y.ticks:
                y = self.up(
                    self.y.categories[int(value)] if self.y.categories else value
                )
                if y is None:
                    continue
                if not self.y.categories:
                    yield (
                        f'<path d="M{self.left} {y:.1f}H{WIDTH - RIGHT}"'
                        f' stroke="{line}"/>'
                    )
                yield self.text(self.left - 8, y + 4, text, "end", muted)
        if not self.x.is_hidden:
            for value, text in thinned(self.x.ticks):
                x = self.across(
                    self.x.categories[int(value)] if self.x.categories else value
                )
                if x is not None:
                    yield self.text(x, self.bottom + 18, text, "middle", muted)
            yield (
                f'<path d="M{self.left} {self.bottom}H{WIDTH - RIGHT}"'
                f' stroke="{self.colour("--line-strong")}"/>'
            )
            if self.x.title:
                yield self.text(
                    self.left + self.wide / 2,
                    HEIGHT - 10,
                    self.x.title,
                    "middle",
                    muted,
                )
        for note in self.layout.get("annotations", []):
            x, y = self.across(note.get("x")), self.up(note.get("y"))
            if x is not None and y is not None and note.get("yref", "y") == "y":
                yield self.text(
                    x, y - 8, note.get("text", ""), "middle", self.colour("--text")
                )

    def text(self, x: float, y: float, text: Any, anchor: str, fill: str) -> str:
        # Figures escape their labels for Plotly; here it happens once more, so undo that.
        plain = str(text).replace("<br>", " ").replace("<b>", "").replace("</b>", "")
        for code, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            plain = plain.replace(code, sign)
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">'
            f"{escape(plain)}</text>"
        )

    def trace(self, trace: dict[str, Any]) -> Iterable[str]:
        match trace["type"]:
            case "scatter":
                yield from self.scatter(trace)
            case "bar":
                yield from self.bar(trace)
            case "heatmap" | "contour":
                yield from self.cells(trace)
            case "box":
                yield from self.box(trace)

    def scatter(self, trace: dict[str, Any]) -> Iterable[str]:
        ys = numbers(trace["y"])
        xs = numbers(trace.get("x", range(len(ys))))
        points = [
            (self.across(x), self.up(y) if y is not None else None)
            for x, y in zip(xs, ys, strict=False)
        ]
        line = trace.get("line", {})
        if trace.get("fill") == "tonexty":
            before = self.traces[self.traces.index(trace) - 1]
            edge = [
                (self.across(x), self.up(y) if y is not None else None)
                for x, y in zip(
                    numbers(before["x"]), numbers(before["y"]), strict=False
                )
            ]
            whole = [p for p in points if None not in p] + [
                p for p in reversed(edge) if None not in p
            ]
            fill = trace.get("fillcolor")
            yield (
                f'<path d="{path(whole)}Z" fill="{self.colour(fill)}"'
                f' fill-opacity="{self.opacity(fill)}"/>'
            )
        mode = trace.get("mode", "lines")
        if "lines" in mode and line.get("width", 1):
            if line.get("shape") == "hv":
                points = stepped(points)
            dash = DASHED.get(line.get("dash", DASHES[0]), "")
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            colour = line.get("color")
            yield (
                f'<path d="{path(points)}" fill="none" stroke="{self.colour(colour)}"'
                f' stroke-opacity="{self.opacity(colour) * trace.get("opacity", 1)}"'
                f' stroke-width="{line.get("width", 1.5)}" stroke-linejoin="round"'
                f"{dashed}/>"
            )
        if "markers" in mode:
            yield from self.markers(trace, points)

    def markers(
        self, trace: dict[str, Any], points: Sequence[tuple[Any, Any]]
    ) -> Iterable[str]:
        marker = trace.get("marker", {})
        colours = marker.get("color")
        size = marker.get("size", 6)
        edge = marker.get("line", {})
        around = trace.get("error_x", {}).get("array")
        for index, (x, y) in enumerate(points):
            if x is None or y is None:
                continue
            if around and around[index]:
                at = numbers(trace["x"])[index]
                low, high = (self.across(at + s * around[index]) for s in (-1, 1))
                if low is not None and high is not None:
                    yield (
                        f'<path d="M{low:.1f} {y:.1f}H{high:.1f}"'
                        f' stroke="{self.colour("--line-strong")}"/>'
                    )
            colour = colours[index] if isinstance(colours, list) else colours
            if isinstance(colour, int | float):
                colour = shade(
                    colour, [c for c in colours if isinstance(c, int | float)]
                )
            outline = (
                f' stroke="{self.colour(edge["color"])}"'
                f' stroke-width="{edge.get("width", 1)}"'
                if isinstance(edge.get("color"), str)
                else ""
            )
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size / 2}"'
                f' fill="{self.colour(colour)}"'
                f' fill-opacity="{marker.get("opacity", 1)}"{outline}/>'
            )

    def bar(self, trace: dict[str, Any]) -> Iterable[str]:
        colour = self.colour(trace.get("marker", {}).get("color"))
        many = len(self.y.categories) or 1
        thick = (self.bottom - TOP) / many * 0.65
        zero = self.across(0)
        for value, label in zip(numbers(trace["x"]), numbers(trace["y"]), strict=False):
            x, y = self.across(value), self.up(label)
            if x is None or y is None or zero is None:
                continue
            yield (
                f'<rect x="{min(x, zero):.1f}" y="{y - thick / 2:.1f}"'
                f' width="{abs(x - zero):.1f}" height="{thick:.1f}" fill="{colour}"/>'
            )

    def cells(self, trace: dict[str, Any]) -> Iterable[str]:
        rows = trace["z"]
        finite = [v for row in rows for v in row if v is not None]
        xs, ys = numbers(trace["x"]), numbers(trace["y"])
        if not finite or not xs or not ys:
            return
        texts = trace.get("text")
        wide = self.wide / len(xs)
        tall = (self.bottom - TOP) / len(ys)
        middle = trace.get("zmid")
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                x, y = self.across(xs[column]), self.up(ys[row])
                if value is None or x is None or y is None:
                    continue
                fill, ink = self.shaded(value, finite, middle)
                yield (
                    f'<rect x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}"'
                    f' width="{wide + 0.5:.1f}" height="{tall + 0.5:.1f}" fill="{fill}"'
                    f' fill-opacity="{ink:.2f}"/>'
                )
                if texts and trace.get("texttemplate"):
                    yield self.text(
                        x, y + 4, texts[row][column], "middle", self.colour("--text")
                    )

    def shaded(
        self, value: float, among: Sequence[float], middle: float | None
    ) -> tuple[str, float]:
        if middle is None:
            return self.colour(shade(value, among)), 1.0
        reach = max(abs(v - middle) for v in among) or 1
        token = "--div-high" if value > middle else "--div-low"
        return self.colour(token), abs(value - middle) / reach

    def box(self, trace: dict[str, Any]) -> Iterable[str]:
        values = sorted(v for v in trace["y"] if math.isfinite(v))
        x = self.across(trace["name"])
        if not values or x is None:
            return
        q1, q2, q3 = (quantile(values, q) for q in (0.25, 0.5, 0.75))
        reach = 1.5 * (q3 - q1)
        low = min(v for v in values if v >= q1 - reach)
        high = max(v for v in values if v <= q3 + reach)
        half = min(40.0, self.wide / max(1, len(self.x.categories)) * 0.3)
        stroke = self.colour(trace.get("line", {}).get("color"))
        places = [self.up(v) for v in (low, q1, q2, q3, high)]
        if None in places:
            return
        a, b, c, d, e = (place or 0.0 for place in places)
        yield (
            f'<path d="M{x:.1f} {a:.1f}V{b:.1f}M{x:.1f} {d:.1f}V{e:.1f}'
            f"M{x - half:.1f} {b:.1f}H{x + half:.1f}V{d:.1f}H{x - half:.1f}Z"
            f'M{x - half:.1f} {c:.1f}H{x + half:.1f}" fill="none" stroke="{stroke}"'
            ' stroke-width="1.5"/>'
        )
        for value in values if len(values) <= 50 else ():
            y = self.up(value)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{stroke}"/>'


# ---------------------------------------------------------------- small parts


def spanned(trace: dict[str, Any], name: str) -> list[Any]:
    """The values that an axis has to hold."""
    if trace["type"] == "box":
        return [trace["name"]] if name == "x" else list(trace["y"])
    values = numbers(trace.get(name, []))
    error = trace.get(f"error_{name}", {}).get("array")
    if error:
        values += [v + s * (e or 0) for v, e in zip(values, error, strict=False)
                   for s in (-1, 1) if isinstance(v, int | float)]  # fmt: skip
    return values


def labels(
    said: dict[str, Any], low: float, high: float, is_log: bool
) -> list[tuple[float, str]]:
    if "tickvals" in said:
        return [
            (float(value), str(text))
            for value, text in zip(said["tickvals"], said["ticktext"], strict=False)
        ]
    if said.get("type") == "date":
        return [
            (value, datetime.fromtimestamp(value / 1000, UTC).strftime("%d %b %H:%M"))
            for value in round_ticks(low, high)
            if abs(value) < 1e14
        ]
    if is_log:
        return [(10**t, shown(10**t)) for t in round_ticks(low, high) if abs(t) < 300]
    return [(tick, shown(tick)) for tick in round_ticks(low, high)]


def thinned(every: Sequence[tuple[float, str]]) -> Sequence[tuple[float, str]]:
    """No more than fit side by side."""
    longest = max((len(text) for _, text in every), default=1)
    room = max(2, int(WIDTH / (longest * 7 + 14)))
    return every[:: max(1, math.ceil(len(every) / room))]


def path(points: Iterable[tuple[Any, Any]]) -> str:
    parts, pen_up = [], True
    for x, y in points:
        if x is None or y is None:
            pen_up = True
            continue
        parts.append(f"{'M' if pen_up else 'L'}{x:.1f} {y:.1f}")
        pen_up = False
    return "".join(parts)


def stepped(points: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for x, y in points:
        if found and None not in (x, found[-1][1]):
            found.append((x, found[-1][1]))
        found.append((x, y))
    return found


def shade(value: float, among: Sequence[float]) -> str:
    low, high = min(among), max(among)
    return f"--seq-{round(8 * (value - low) / (high - low)) if high > low else 4}"


def quantile(values: Sequence[float], q: float) -> float:
    """Between sorted values, linearly (Hyndman and Fan 1996, type 7)."""
    place = q * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
