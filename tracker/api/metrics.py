"""Histories of metrics."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from msgspec import Meta

from tracker import series
from tracker.api.endpoint import Call, endpoint
from tracker.api.wire import Int64, Message, MetricItem, Text, double, filled
from tracker.errors import Invalid
from tracker.models import Candidate, Role
from tracker.search import paging
from tracker.series import Series
from tracker.summary import Row
from tracker.thinning import EVERY_STEP, Kept, Steps

MAX_RUNS = 100
MAX_BULK_POINTS = 25_000
MAX_SAMPLED_POINTS = 2_500


class RunMetricItem(MetricItem):
    run_id: str


def points(key: str, rows: Iterable[Kept]) -> list[MetricItem]:
    return [
        MetricItem(key, double(value, is_nan), timestamp, step)
        for step, timestamp, value, is_nan in rows
    ]


def points_of_runs(key: str, rows: Iterable[tuple[str, Kept]]) -> list[RunMetricItem]:
    return [
        RunMetricItem(key, double(value, is_nan), timestamp, step, eid)
        for eid, (step, timestamp, value, is_nan) in rows
    ]


def named(call: Call, run_ids: Sequence[str], key: str) -> list[Series]:
    """The series of a metric, of those of the runs that are in this project and have it."""
    candidates = Candidate.objects.filter(project=call.project, eid__in=set(run_ids))
    return series.named(candidates, key)


class History(Message):
    metric_key: Text
    run_id: str = ""
    run_uuid: str = ""
    max_results: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    page_token: str = ""


@endpoint("GET", History, needs=Role.READER)
def history(call: Call, asked: History) -> dict[str, Any]:
    """In the order of time. Everything in one answer, unless a page size is named."""
    _, eid = call.named(asked.run_id, asked.run_uuid)
    query = ["history", call.project.pk, eid, asked.metric_key]
    after = opened(asked.page_token, query) if asked.page_token else None
    found = named(call, [eid], asked.metric_key)
    if not found:
        return {}
    # One more than asked for tells whether there is another page.
    limit = asked.max_results and asked.max_results + 1
    rows = series.history(found[0], after=after, limit=limit)
    token = None
    if limit and len(rows) == limit:
        rows.pop()
        token = signed(Row(*rows[-1]), query)
    return filled(metrics=points(asked.metric_key, rows), next_page_token=token)


def signed(row: Row, query: object) -> str:
    # As hexadecimal text the value survives exactly, the infinities too.
    values = [row.step, row.timestamp, row.value.hex(), bool(row.is_nan)]
    return paging.sign(values, query)


def opened(token: str, query: object) -> Row:
    step, timestamp, value, is_nan = paging.open(token, query)
    return Row(step, timestamp, float.fromhex(value), is_nan)


class Bulk(Message):
    run_id: list[str] = []
    metric_key: str = ""
    max_results: Int64 = MAX_BULK_POINTS


@endpoint("GET", Bulk, needs=Role.READER)
def history_bulk(call: Call, asked: Bulk) -> dict[str, Any]:
    """By run id, then in the order of time, cut at `max_results` of all runs together."""
    request = "GetMetricHistoryBulk request"
    if not asked.run_id:
        raise Invalid(f"{request} must specify at least one run_id.")
    if len(asked.run_id) > MAX_RUNS:
        raise Invalid(
            f"{request} cannot specify more than {MAX_RUNS} run_ids. Received"
            f" {len(asked.run_id)} run_ids."
        )
    if not asked.metric_key:
        raise Invalid(f"{request} must specify a metric_key.")
    if asked.max_results < 1:
        raise Invalid("max_results must be a positive integer.")
    found = named(call, asked.run_id, asked.metric_key)
    limit = min(asked.max_results, MAX_BULK_POINTS)
    rows = series.histories(found, limit)
    return {"metrics": points_of_runs(asked.metric_key, rows)}


class BulkInterval(Message):
    run_ids: Annotated[list[str], Meta(min_length=1)]
    metric_key: Text
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 = MAX_SAMPLED_POINTS


@endpoint("GET", BulkInterval, needs=Role.READER)
def history_bulk_interval(call: Call, asked: BulkInterval) -> dict[str, Any]:
    """Each run's points evenly thinned out, in the order in which the runs are named."""
    if len(asked.run_ids) > MAX_RUNS:
        raise Invalid(
            f"GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids."
            f" Received {len(asked.run_ids)} run_ids."
        )
    if not 1 <= asked.max_results <= MAX_SAMPLED_POINTS:
        raise Invalid(f"max_results must be between 1 and {MAX_SAMPLED_POINTS}.")
    found = named(call, asked.run_ids, asked.metric_key)
    sampled = series.sampled(found, asked.max_results, steps(asked))
    by_eid = {one.eid: sampled[one.metric_id] for one in found}
    rows = ((eid, row) for eid in asked.run_ids for row in by_eid.get(eid, ()))
    return filled(metrics=points_of_runs(asked.metric_key, rows))


def steps(asked: BulkInterval) -> Steps:
    first, last = asked.start_step, asked.end_step
    if first is None and last is None:
        return EVERY_STEP
    if first is None or last is None:
        raise Invalid(
            "If either start step or end step are specified, both must be specified."
        )
    if first > last:
        raise Invalid(
            "end_step must be greater than start_step. Found"
            f" start_step={first} and end_step={last}."
        )
    return Steps(first, last)
