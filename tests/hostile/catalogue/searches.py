"""Searches of runs, and the histories of metrics."""

from tests.hostile.cases import (
    ABSENT,
    EXPERIMENT,
    FILTERS,
    FINE,
    HUGE_NUMBER,
    IPV,
    LARGE_NUMBER,
    RUN,
    TOKENS,
    case,
    get,
)

# ---------------------------------------------------------------- searches

MAY_BE_FINE = {
    "metrics.m > " + "9" * 5000,
    "metrics.m > 1e999999999",
    "attributes.start_time > " + LARGE_NUMBER,
    "attributes.start_time > " + HUGE_NUMBER,
    "params.p = \"' OR '1'='1\"",
}
for text in FILTERS:
    right = (IPV, FINE) if isinstance(text, str) and text in MAY_BE_FINE else (IPV,)
    case("runs/search", *right, experiment_ids=[EXPERIMENT], filter=text)
case(
    "runs/search",
    FINE,
    experiment_ids=[EXPERIMENT],
    filter="params.lr LIKE '" + "%a" * 2000 + "'",
)
case(
    "runs/search",
    FINE,
    IPV,
    experiment_ids=[EXPERIMENT],
    filter=" AND ".join(f"metrics.m{n} > 0" for n in range(500)),
)
for order in (
    ["unknown"],
    ["metrics"],
    ["metrics.m; DROP TABLE x"],
    ["CASE WHEN 1 THEN 1 END"],
    ["random()"],
    ["m" * 10_000],
    [f"metrics.m{n}" for n in range(2000)],
    "metrics.m",
    [1],
    [[]],
    [None],
    ["metrics.m ASC DESC"],
    ["metrics.`m"],
    ["metrics.m\0"],
):
    case("runs/search", IPV, experiment_ids=[EXPERIMENT], order_by=order)
for token in TOKENS:
    case("runs/search", IPV, experiment_ids=[EXPERIMENT], page_token=token)
for number in (-1, 50_001, 10**12, "word", 1.5, [], {}, 2**63, 10**30):
    case("runs/search", IPV, experiment_ids=[EXPERIMENT], max_results=number)
for ids in ("1", {}, [{}], [[]], [None], ["abc"], ["1'"], ["\0"], 7):
    case("runs/search", IPV, experiment_ids=ids)
case("runs/search", IPV, FINE, experiment_ids=[str(n) for n in range(20_000)])
case("runs/search", FINE, experiment_ids=[LARGE_NUMBER, HUGE_NUMBER])
for view in ("UNKNOWN", 99, {}, [], 1.5):
    case("runs/search", IPV, experiment_ids=[EXPERIMENT], run_view_type=view)
for text in FILTERS[:16]:
    case("logged-models/search", IPV, experiment_ids=[EXPERIMENT], filter=text)
for token in TOKENS:
    case("logged-models/search", IPV, experiment_ids=[EXPERIMENT], page_token=token)
for order in ("x", [1], [{"field_name": "unknown"}], [{"field_name": "a; DROP"}], {}):
    case("logged-models/search", IPV, experiment_ids=[EXPERIMENT], order_by=order)

# ---------------------------------------------------------------- histories

get("metrics/get-history", IPV, run_id=RUN)
get("metrics/get-history", IPV, metric_key="m")
get("metrics/get-history", FINE, run_id=ABSENT, metric_key="m")
for number in ("word", "-1", HUGE_NUMBER, "1.5", "0x1", "١"):
    get("metrics/get-history", IPV, run_id=RUN, metric_key="m", max_results=number)
for token in TOKENS:
    if isinstance(token, str):
        get("metrics/get-history", IPV, run_id=RUN, metric_key="m", page_token=token)
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
get(
    BULK,
    IPV,
    FINE,
    run_id=[f"{n:032x}" for n in range(2000)],
    metric_key="m",
)
for number in ("word", "-1", HUGE_NUMBER):
    get(BULK, IPV, run_id=RUN, metric_key="m", max_results=number)
INTERVAL = "metrics/get-history-bulk-interval"
get(INTERVAL, IPV, run_ids=[RUN] * 101, metric_key="m", max_results="10")
for name in ("max_results", "start_step", "end_step"):
    for number in ("word", HUGE_NUMBER, "1.5", LARGE_NUMBER):
        message = {"max_results": "10", "start_step": "0", "end_step": "9"}
        get(INTERVAL, IPV, run_ids=[RUN], metric_key="m", **message | {name: number})
get(
    INTERVAL,
    FINE,
    IPV,
    run_ids=[RUN],
    metric_key="m",
    max_results="2500",
    start_step="-9223372036854775808",
    end_step="9223372036854775807",
)
get(INTERVAL, IPV, run_ids=[RUN], metric_key="m", max_results="0")
