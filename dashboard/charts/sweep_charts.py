"""Charts of a whole sweep with the compared candidates on top: parallel axes, scatter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest

from dashboard.charts import frames, parallel, scatter, sweep
from dashboard.compare.compared import Chosen
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Kind

USUAL_FIELDS = 20  # params looked at for one that varies


def sweep_metric(request: HttpRequest, metrics: Sequence[str]) -> str | None:
    asked = request.GET.get("m", "")
    if asked in metrics:
        return asked
    return next(iter(by_weight(Used(key) for key in metrics)), None) or next(
        iter(metrics), None
    )


def by_weight_of(metrics: Sequence[str]) -> list[str]:
    """The most telling in front."""
    return by_weight(Used(key) for key in metrics)


def chosen_axes(
    request: HttpRequest, params: Sequence[str], metric: str | None
) -> list[sweep.Address]:
    """Those in the address, else every param that could tell something; the metric last."""
    addresses = [sweep.read_address(text) for text in request.GET.getlist("axes")]
    asked = [address for address in addresses if address][: sweep.MAX_AXES]
    axes = asked or [sweep.Address(Kind.PARAM, key) for key in params]
    if metric:
        last = sweep.Address(Kind.METRIC, metric)
        axes = [address for address in axes if address != last] + [last]
    return list(dict.fromkeys(axes))


class Sweep(NamedTuple):
    """What the parallel coordinates draw."""

    axes: list[sweep.Address]
    known: sweep.Sample
    metric: str | None


def read_sweep(request: HttpRequest, asked: Chosen) -> Sweep:
    params, metrics = sweep.offered(asked.experiments)
    metric = sweep_metric(request, metrics)
    axes = chosen_axes(request, params, metric)
    known = sweep.sample(asked.experiments, asked.candidates, axes)
    if not request.GET.getlist("axes"):
        last = axes[-1:] if metric else []
        axes = sweep.telling(known, axes[: len(axes) - len(last)]) + last
    return Sweep(axes, known, metric)


def sweep_table(asked: Chosen, seen: Sweep) -> frames.Table:
    """The compared and the ten best: nobody reads two thousand rows."""
    compared = {candidate.pk for candidate in asked.candidates}
    order = [i for i, c in enumerate(seen.known.candidates) if c.pk in compared]
    best = sorted(
        (
            i
            for i in range(len(seen.known.candidates))
            if i not in set(order) and goodness(seen, i) is not None
        ),
        key=lambda i: -(goodness(seen, i) or 0),
    )
    return frames.Table(
        f"The {len(order)} compared, and the best {min(10, len(best))} others",
        ["Candidate", *(address.label for address in seen.axes)],
        [
            [
                f"#{seen.known.candidates[i].iid} {seen.known.candidates[i].name}",
                *(written(seen.known.values[address][i]) for address in seen.axes),
            ]
            for i in order + best[:10]
        ],
    )


def written(value: sweep.Value) -> str:
    return value if isinstance(value, str) else shown(value)


def goodness(seen: Sweep, index: int) -> float | None:
    """More is better, whichever way the metric goes."""
    if seen.metric is None:
        return None
    value = seen.known.values[sweep.Address(Kind.METRIC, seen.metric)][index]
    if not isinstance(value, int | float):
        return None
    return -value if direction(seen.metric) is Direction.MIN else float(value)


def parallel_answer(request: HttpRequest, asked: Chosen) -> dict[str, Any]:
    seen = read_sweep(request, asked)
    looks = frames.looks(asked.candidates)
    rows = [
        parallel.Row(
            id=str(candidate.iid),
            iid=candidate.iid,
            values=[seen.known.values[address][index] for address in seen.axes],
            rank_by=goodness(seen, index),
            look=looks.get(candidate.pk),
        )
        for index, candidate in enumerate(seen.known.candidates)
    ]
    drawn = [row for row in rows if any(value is not None for value in row.values)]
    return {
        "figure": parallel.parallel([address.label for address in seen.axes], drawn),
        "legend": compared_legend(asked),
        "notes": sweep_notes(seen, len(drawn)),
        "table": [sweep_table(asked, seen)._asdict()],
        "title": sweep_title(seen),
    }


def sweep_title(seen: Sweep) -> str:
    many = f"{grouped(len(seen.known.candidates))} candidates"
    if seen.metric is None:
        return many
    return f"{many}, {ink_word(seen.metric)} {seen.metric} has more ink"


def ink_word(metric: str) -> str:
    return "higher" if direction(metric) is Direction.NONE else "better"


def sweep_notes(seen: Sweep, drawn: int) -> list[str]:
    found = []
    if seen.known.is_cut:
        found.append(
            f"the newest {grouped(sweep.MAX_CANDIDATES)} candidates; there are more"
        )
    if drawn < len(seen.known.candidates):
        nothing = len(seen.known.candidates) - drawn
        found.append(f"{grouped(nothing)} without any of these values")
    return [
        *found,
        "lines that share a category are spread a little",
        "the compared are set apart where they coincide",
    ]


def compared_legend(asked: Chosen) -> list[dict[str, Any]]:
    looks = frames.looks(asked.candidates)
    return [
        frames.Entry(
            id=str(candidate.iid),
            name=candidate.name,
            slot=looks[candidate.pk].slot,
            dash=looks[candidate.pk].dash,
            value="",
            is_live=False,
            is_baseline=candidate == asked.baseline,
            is_hidden=False,
        )._asdict()
        for candidate in asked.candidates
    ]


# ---------------------------------------------------------------- scatter


class Spread(NamedTuple):
    """What the scatter chart shows on which axis."""

    x: sweep.Address
    y: sweep.Address
    colour: sweep.Address | None


def scatter_axes(
    request: HttpRequest,
    asked: Chosen,
    params: Sequence[str],
    metrics: Sequence[str],
) -> Spread | None:
    """Those in the address, else a parameter that varies against the main metric."""
    main = sweep_metric(request, metrics)
    x = sweep.read_address(request.GET.get("sx", ""))
    x = x or usual_x(asked, params, [key for key in metrics if key != main])
    y = sweep.read_address(request.GET.get("sy", ""))
    y = y or (sweep.Address(Kind.METRIC, main) if main else None)
    if x is None or y is None:
        return None
    return Spread(x, y, sweep.read_address(request.GET.get("sc", "")))


def usual_x(
    asked: Chosen, params: Sequence[str], metrics: Sequence[str]
) -> sweep.Address | None:
    addresses = [sweep.Address(Kind.PARAM, key) for key in params[:USUAL_FIELDS]]
    known = sweep.sample(asked.experiments, asked.candidates, addresses)
    telling = sweep.telling(known, addresses)
    numeric = [address for address in telling if known.field(address).is_numeric]
    others = [sweep.Address(Kind.METRIC, key) for key in metrics]
    # Magnitudes first: a learning rate says more than a batch size.
    numeric.sort(key=lambda address: not known.field(address).is_log)
    return next(iter([*numeric, *telling, *others, *addresses]), None)


def read_spread(asked: Chosen, axes: Spread) -> sweep.Sample:
    wanted = [address for address in axes if address]
    return sweep.sample(
        asked.experiments, asked.candidates, list(dict.fromkeys(wanted))
    )


def scatter_table(asked: Chosen, axes: Spread) -> frames.Table:
    known = read_spread(asked, axes)
    return spread_table(asked, axes, known)


def spread_table(asked: Chosen, axes: Spread, known: sweep.Sample) -> frames.Table:
    compared = {candidate.pk for candidate in asked.candidates}
    addresses = [address for address in axes if address]
    return frames.Table(
        "The compared candidates",
        ["Candidate", *(address.label for address in addresses)],
        [
            [
                f"#{candidate.iid} {candidate.name}",
                *(written(known.values[address][index]) for address in addresses),
            ]
            for index, candidate in enumerate(known.candidates)
            if candidate.pk in compared
        ],
    )


def scatter_answer(request: HttpRequest, asked: Chosen) -> dict[str, Any]:
    axes = scatter_axes(request, asked, *sweep.offered(asked.experiments))
    if axes is None:
        raise Http404
    known = read_spread(asked, axes)
    looks = frames.looks(asked.candidates)
    dots = [
        scatter.Dot(
            id=str(candidate.iid),
            label=f"#{candidate.iid} {candidate.name}",
            look=looks.get(candidate.pk),
        )
        for candidate in known.candidates
    ]
    colour = known.field(axes.colour) if axes.colour else None
    placed = [
        index
        for index in range(len(dots))
        if all(
            known.values[address][index] is not None for address in axes[:2] if address
        )
    ]
    notes = [f"{grouped(len(placed))} of {grouped(len(dots))} candidates have both"]
    if known.is_cut:
        notes.append(f"the newest {grouped(sweep.MAX_CANDIDATES)}; there are more")
    if colour:
        notes.append(f"coloured by {colour.label}; the compared keep their own colour")
    return {
        "figure": scatter.scatter(
            dots, known.field(axes.x), known.field(axes.y), colour
        ),
        "legend": compared_legend(asked),
        "notes": notes,
        "table": [spread_table(asked, axes, known)._asdict()],
        "title": f"{axes.y.label} by {axes.x.label}",
    }
