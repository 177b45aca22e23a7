"""A chart as it stands in an address: `ch=line!val/loss!log`, one `ch` for each chart.

The parts are the kind, its fields in order, and flags. A `!` or a `%` inside a key is
written %21 and %25. What makes no sense becomes a sentence for the reader.
"""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from dashboard.charts.curve_answers import Join

MAX_CHARTS = 24
MAX_FIELDS = 4  # metrics in one chart of curves: as many as there are dashes
LOG = "log"
FLAGS = {LOG, *(str(join) for join in Join if join)}
MAX_SPEC_CHARS = 1000


class Field(NamedTuple):
    """What a kind asks for."""

    label: str
    of: str  # metric, param, any (`p:` or `m:`), path, key
    is_optional: bool = False
    is_many: bool = False  # takes all that follow


class Kind(NamedTuple):
    label: str
    fields: tuple[Field, ...]
    about: str  # for who chooses a chart
    may_log: bool = False
    may_join: bool = False  # several metrics, in the ways of Join


METRIC = Field("Metric", "metric")
KINDS: dict[str, Kind] = {
    "line": Kind(
        "Curves",
        (METRIC, Field("More metrics", "metric", True, True)),
        "one line per candidate, and dash per metric",
        may_log=True,
        may_join=True,
    ),
    "band": Kind(
        "Groups with intervals",
        (METRIC,),
        "mean of repeats and its 95 % interval",
        may_log=True,
    ),
    "env": Kind(
        "Envelope", (METRIC,), "median of all, and where eight of ten lie", may_log=True
    ),
    "bar": Kind("Bars", (METRIC,), "best value of each candidate"),
    "box": Kind("Boxes", (METRIC, Field("By", "param")), "values by a parameter"),
    "scatter": Kind(
        "Scatter",
        (Field("Across", "any"), Field("Up", "any"), Field("Colour", "any", True)),
        "any two things against each other",
    ),
    "contour": Kind(
        "Contour",
        (Field("Across", "param"), Field("Up", "param"), METRIC),
        "a metric over two parameters",
    ),
    "heat": Kind(
        "Heatmap",
        (Field("Across", "param"), Field("Up", "param"), METRIC),
        "mean of a metric for each pair of values",
    ),
    "parallel": Kind(
        "Parallel coordinates",
        (Field("Axes", "any", True, True),),
        "many parameters and a metric at once",
    ),
    "history": Kind(
        "Best so far", (METRIC,), "values in the order of starting, and the best so far"
    ),
    "pareto": Kind(
        "Pareto front",
        (METRIC, Field("Against", "metric"), Field("Colour", "metric", True)),
        "what nobody beats in both",
    ),
    "roc": Kind("ROC", (Field("File", "path"),), "a logged table of fpr and tpr"),
    "pr": Kind(
        "Precision and recall",
        (Field("File", "path"),),
        "a logged table of precision and recall",
    ),
    "images": Kind(
        "Images", (Field("Image", "path"),), "the same picture of each candidate"
    ),
}


class Spec(NamedTuple):
    """One chart."""

    kind: str
    fields: tuple[str, ...]
    is_log: bool = False
    join: Join = Join.ONE

    @property
    def text(self) -> str:
        """As addresses say it."""
        flags = [LOG] if self.is_log else []
        flags += [self.join] if self.join else []
        return "!".join([self.kind, *map(escaped, self.fields), *flags])

    @property
    def title(self) -> str:
        names = [plain(field) for field in self.fields]
        match self.kind:
            case "line":
                return ", ".join(names)
            case "band" | "env" | "bar" | "history":
                return names[0]
            case "box":
                return f"{names[0]} by {names[1]}"
            case "scatter":
                return f"{names[1]} by {names[0]}"
            case "pareto":
                return f"{names[0]} against {names[1]}"
            case "contour" | "heat":
                return f"{names[2]} over {names[0]} and {names[1]}"
            case "parallel":
                return "All parameters" if not names else ", ".join(names[:4])
        return names[0].rpartition("/")[2]


def plain(field: str) -> str:
    """A field without the letter of its kind."""
    return field[2:] if field[:2] in ("p:", "m:") else field


def escaped(text: str) -> str:
    if text in FLAGS:  # a metric may be called so, too
        return f"%{ord(text[0]):x}{text[1:]}"
    return text.replace("%", "%25").replace("!", "%21")


class Unreadable(Exception):
    """Not a chart; the sentence says why."""


def read(text: str) -> Spec:
    """Raises Unreadable."""
    text = text.replace("\0", "")
    kind_name, *parts = text[:MAX_SPEC_CHARS].split("!")
    kind = KINDS.get(kind_name)
    if kind is None:
        known = ", ".join(KINDS)
        raise Unreadable(f"“{kind_name[:40]}” is no kind of chart. There are {known}.")
    flags = {LOG} if kind.may_log else set()
    flags |= {str(join) for join in Join if join} if kind.may_join else set()
    said = set()
    while len(parts) > 1 and parts[-1] in flags:
        said.add(parts.pop())
    fields = [unquote(part) for part in parts]
    while fields and not fields[-1]:
        fields.pop()
    least = sum(1 for field in kind.fields if not field.is_optional)
    if len(fields) < least or not all(fields[:least]):
        wanted = ", then ".join(field.label.lower() for field in kind.fields[:least])
        raise Unreadable(f"The chart “{text[:60]}” lacks a part: it needs {wanted}.")
    if not any(field.is_many for field in kind.fields):
        fields = fields[: len(kind.fields)]
    join = next((one for one in Join if one in said), Join.ONE)
    if kind.may_join and len(fields) == 1:
        join = Join.ONE
    fields = list(dict.fromkeys(fields))[:MAX_FIELDS] if kind.may_join else fields
    return Spec(kind_name, tuple(fields), LOG in said, join)


def read_many(texts: Iterable[str], problems: list[str]) -> list[Spec]:
    """Each once, in the order given."""
    found: dict[str, Spec] = {}
    for text in texts:
        if not text:
            continue
        try:
            spec = read(text)
        except Unreadable as problem:
            problems.append(str(problem))
            continue
        found.setdefault(spec.text, spec)
    if len(found) > MAX_CHARTS:
        problems.append(f"These are the first {MAX_CHARTS} of {len(found)} charts.")
    return list(found.values())[:MAX_CHARTS]
