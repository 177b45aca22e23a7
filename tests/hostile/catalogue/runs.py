"""Runs: making, finding and finishing them."""

from typing import Any

from tests.hostile.cases import (
    ABSENT,
    DELETED_EXPERIMENT,
    DELETED_RUN,
    EXPERIMENT,
    FINE,
    GONE,
    IPV,
    RUN,
    STATE,
    case,
    get,
)

case("runs/create", GONE, experiment_id="404")
case("runs/create", IPV, experiment_id=DELETED_EXPERIMENT)
for moment in ("noon", 2**63, 10**400, "1e400", 1.5, [], {}):
    case("runs/create", IPV, experiment_id=EXPERIMENT, start_time=moment)
case("runs/create", IPV, experiment_id=EXPERIMENT, run_name="n" * 100_000)
case("runs/create", IPV, experiment_id=EXPERIMENT, run_name="a\0b")
case("runs/create", IPV, experiment_id=EXPERIMENT, user_id="\0")
case("runs/create", IPV, FINE, experiment_id=EXPERIMENT, user_id="u" * 10_000)
RUN_IDS: list[Any] = [
    ABSENT,
    "../../etc",
    "' OR '1'='1",
    "a\0",
    "x" * 10_000,
    "%00",
    "",
    7,
    [],
    {},
    "🧪",
    "A" * 32,
]
for one in RUN_IDS:
    get("runs/get", IPV, GONE, run_id=one)
    for verb in ("delete", "restore"):
        case(f"runs/{verb}", IPV, GONE, run_id=one)
    case("runs/update", IPV, GONE, run_id=one, status="FINISHED")
    case("runs/log-metric", IPV, GONE, run_id=one, key="k", value=1, timestamp=1)
    case("runs/log-parameter", IPV, GONE, run_id=one, key="k", value="v")
    case("runs/set-tag", IPV, GONE, run_id=one, key="k", value="v")
    case("runs/delete-tag", IPV, GONE, run_id=one, key="k")
    case("runs/log-batch", IPV, GONE, run_id=one, params=[{"key": "k", "value": "v"}])
    case("runs/log-inputs", IPV, GONE, run_id=one)
    get("artifacts/list", IPV, GONE, run_id=one)
for status in ("DONE", "running", 99, -1, {}, [], 1.5, "\0", "R" * 10_000):
    case("runs/update", IPV, run_id=RUN, status=status)
for moment in ("noon", 10**30, 2**63, [], {}, "1e30", 1.5):
    case("runs/update", IPV, run_id=RUN, end_time=moment)
case("runs/delete-tag", GONE, run_id=RUN, key="absent")
for route, message in (
    ("update", {"status": "FINISHED"}),
    ("log-metric", {"key": "k", "value": 1, "timestamp": 1}),
    ("log-parameter", {"key": "k", "value": "v"}),
    ("set-tag", {"key": "k", "value": "v"}),
    ("log-batch", {"params": [{"key": "k", "value": "v"}]}),
):
    case(f"runs/{route}", IPV, STATE, run_id=DELETED_RUN, **message)
