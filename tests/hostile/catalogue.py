"""What a hostile or confused client sends, and what it may be answered.

Each case is a route, a message, and the codes that are right as an answer. `RUN`,
`EXPERIMENT` and the like stand for what the test has made.
"""

from typing import Any, NamedTuple

IPV = "INVALID_PARAMETER_VALUE"
EXISTS = "RESOURCE_ALREADY_EXISTS"
GONE = "RESOURCE_DOES_NOT_EXIST"
STATE = "INVALID_STATE"
LARGE = "RESOURCE_EXHAUSTED"
FINE = "OK"

RUN, DELETED_RUN = "<run>", "<deleted run>"
EXPERIMENT, DELETED_EXPERIMENT = "<experiment>", "<deleted experiment>"
ABSENT = "0" * 32
LARGE_NUMBER = "9" * 20
HUGE_NUMBER = "9" * 5000


class Case(NamedTuple):
    route: str
    message: dict[str, Any]
    answers: tuple[str, ...]
    method: str = "POST"


CASES: list[Case] = []


def case(route: str, *answers: str, method: str = "POST", **message: Any) -> None:
    CASES.append(Case(route, message, answers, method))


def get(route: str, *answers: str, **message: Any) -> None:
    case(route, *answers, method="GET", **message)


# ---------------------------------------------------------------- experiments

case("experiments/create", IPV)
for name in ("", 7, ["a"], {"a": 1}, True, "n" * 501, "a\0b", "\0"):
    case("experiments/create", IPV, name=name)
for name in ("  ", "\x1b[31m", "‮evil", "🧪" * 60, "a\nb", "<script>alert(1)</script>"):
    case("experiments/create", FINE, IPV, name=name)
for name in ("taken", "deleted"):
    case("experiments/create", EXISTS, name=name)
for tags in (
    "x",
    {"a": 1},
    [1],
    [None],
    [[]],
    [{"value": "v"}],
    [{"key": "", "value": "v"}],
    [{"key": "k" * 251, "value": "v"}],
    [{"key": {}, "value": "v"}],
    [{"key": "k", "value": "v" * 20_001}],
    [{"key": "k\0", "value": "v"}],
):
    case("experiments/create", IPV, name="new", tags=tags)
for location in (
    "file:///etc",
    "file:/etc",
    "file://localhost/etc",
    "FILE:///etc",
    "file:///%65tc",
    "/etc",
    "../../etc",
    "./../../etc",
    "mlflow-artifacts:/../../etc",
    "mlflow-artifacts:/%2e%2e/etc",
    "mlflow-artifacts:/%252e%252e/etc",
    "mlflow-artifacts:/..;/etc",
    "http:///#/../../etc",
    "http:///?/../../etc",
    "s3://b/../../etc",
    "s3://b/a?x=1",
    "s3://b/a#x",
    "\\\\server\\share",
    "C:\\",
    "C:/x",
    "s3://b/\0",
    "javascript:alert(1)",
    "data:text/html,x",
    "gopher://127.0.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:22",
    "ftp://x/y",
    "s3://" + "a" * 5000,
    " file:///etc",
    "\tfile:///etc",
    7,
    {},
):
    case("experiments/create", IPV, name="placed", artifact_location=location)

IDS: list[Any] = [
    "-1",
    "1.5",
    "0x1",
    "abc",
    "0'",
    "0 OR 1=1",
    "1\0",
    "",
    LARGE_NUMBER,
    HUGE_NUMBER,
    "٣",
    "²",
    "+1",
    " 1",
    "1e3",
    "9223372036854775808",
    "-9223372036854775809",
]
for one in IDS:
    get("experiments/get", IPV, GONE, experiment_id=one)
    for verb in ("delete", "restore"):
        case(f"experiments/{verb}", IPV, GONE, experiment_id=one)
    case("experiments/update", IPV, GONE, experiment_id=one, new_name="x")
    case(
        "experiments/set-experiment-tag",
        IPV,
        GONE,
        experiment_id=one,
        key="k",
        value="v",
    )
    # None is named: the default experiment.
    case("runs/create", IPV, GONE, *([] if one else [FINE]), experiment_id=one)
for one in ([], {}, [1], None, True):
    case("experiments/delete", IPV, GONE, experiment_id=one)
get("experiments/get", GONE, experiment_id="404")
for name in ("absent", "%", "' OR '1'='1", "_", "tak%"):
    get("experiments/get-by-name", GONE, experiment_name=name)
case("experiments/update", EXISTS, experiment_id=EXPERIMENT, new_name="taken")
for name in ("", 7, "n" * 501, "a\0"):
    case("experiments/update", IPV, experiment_id=EXPERIMENT, new_name=name)
for number in (0, -1, 10**12, "ten", 1.5, [], {}, 2**63, 10**30):
    case("experiments/search", IPV, max_results=number)
for text in (
    "name = 'x' OR 1=1",
    "name = 'unclosed",
    "unknown = 'x'",
    "name > 'a'",
    "name = 'x'; DROP TABLE tracker_experiment",
    "name = 'x' -- ",
    "name = 'x' UNION SELECT 1",
    "name = (SELECT 1)",
    "(" * 5000,
    "name = 'a' AND " * 200 + "name = 'a'",
    "name LIKE 5",
    "tags.`x = 'y'",
    "\0",
    "name = '\0'",
    7,
    [],
    {},
):
    case("experiments/search", IPV, max_results=5, filter=text)
for order in (
    ["unknown"],
    ["name;"],
    ["name; DROP TABLE x"],
    ["(SELECT 1)"],
    ["random()"],
    ["CASE WHEN 1 THEN 1 END"],
    ["name " * 5000],
    "name",
    [1],
    [None],
    [[]],
    {},
    ["name\0"],
):
    case("experiments/search", IPV, max_results=5, order_by=order)
TOKENS: list[Any] = [
    "garbage",
    "eyJvZmZzZXQiOi0xfQ==",
    "eyJvZmZzZXQiOiAxMDAwMDAwMDAwMDAwMDAwMDAwMDB9",
    "bnVsbA==",
    "W10=",
    "LTE=",
    "====",
    "\0",
    "é",
    "a" * 20_000,
    "../../etc/passwd",
    "1",
    "-1",
    "'; DROP TABLE x",
    7,
    [],
    {},
]
for token in TOKENS:
    case("experiments/search", IPV, max_results=5, page_token=token)
case("experiments/search", IPV, max_results=5, view_type="UNKNOWN")
case("experiments/search", IPV, max_results=5, view_type=99)
case("experiments/search", IPV, max_results=5, view_type={})

# ---------------------------------------------------------------- runs

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

# ---------------------------------------------------------------- one point, param, tag

for value in ("word", [], {}, None, "0x10", "", "1,5", "١", "1" * 10_000 + "x", True):
    case("runs/log-metric", IPV, run_id=RUN, key="k", value=value, timestamp=1)
case("runs/log-metric", IPV, run_id=RUN, key="k", timestamp=1)
for moment in (None, "noon", 2**64, 10**400, -(2**63) - 1, [], {}, 1.5, "\0"):
    case("runs/log-metric", IPV, run_id=RUN, key="k", value=1, timestamp=moment)
for step in ("one", 2**63, -(2**63) - 1, 10**400, [], {}, 1.5):
    case("runs/log-metric", IPV, run_id=RUN, key="k", value=1, timestamp=1, step=step)
KEYS: list[Any] = [
    None,
    "",
    "k" * 251,
    7,
    [],
    {},
    "../../k",
    "/k",
    "a/../../b",
    "a//b",
    "./k",
    'a"b',
    "a'b",
    "a\0b",
    "a\nb",
    "a\tb",
    "\x1b",
    "a;b",
    "a|b",
]
for key in KEYS:
    case("runs/log-metric", IPV, run_id=RUN, key=key, value=1, timestamp=1)
    case("runs/log-parameter", IPV, run_id=RUN, key=key, value="v")
for key in (None, "", "k" * 251, 7, [], {}, "a\0b"):
    case("runs/set-tag", IPV, run_id=RUN, key=key, value="v")
for value in ([], {}, ["a"], "a\0b"):
    case("runs/log-parameter", IPV, run_id=RUN, key="k", value=value)
    case("runs/set-tag", IPV, run_id=RUN, key="k", value=value)
case("runs/log-parameter", IPV, FINE, run_id=RUN, key="k", value="v" * 6001)
case("runs/log-parameter", IPV, run_id=RUN, key="lr", value="another")
case("runs/set-tag", IPV, FINE, run_id=RUN, key="k", value="v" * 8001)
case("runs/set-tag", IPV, FINE, LARGE, run_id=RUN, key="k", value="v" * 9_000_000)

# ---------------------------------------------------------------- batches

GOOD = [{"key": f"m{n}", "value": n, "timestamp": 1, "step": 1} for n in range(5)]
case("runs/log-batch", IPV, run_id=RUN, metrics=[GOOD[0]] * 1001)
case(
    "runs/log-batch",
    IPV,
    run_id=RUN,
    params=[{"key": f"k{n}", "value": "v"} for n in range(101)],
)
case(
    "runs/log-batch",
    IPV,
    run_id=RUN,
    tags=[{"key": f"k{n}", "value": "v"} for n in range(101)],
)
for items in ({"a": 1}, "x", 7, [1], [None], ["x"], [[]], [[GOOD[0]]], True):
    for kind in ("metrics", "params", "tags"):
        case("runs/log-batch", IPV, run_id=RUN, **{kind: items})
for bad in (
    {"metrics": [*GOOD, {"key": "m", "timestamp": 1}]},
    {"metrics": [*GOOD, {"key": "m", "value": "word", "timestamp": 1}]},
    {"metrics": [*GOOD, {"key": "m", "value": 1, "timestamp": "noon"}]},
    {"metrics": [*GOOD, {"key": "m", "value": 1, "timestamp": 1, "step": 2**63}]},
    {"metrics": [*GOOD, {"key": "../m", "value": 1, "timestamp": 1}]},
    {"metrics": [*GOOD, {"value": 1, "timestamp": 1}]},
    {"metrics": [*GOOD, {"key": "m\0", "value": 1, "timestamp": 1}]},
    {"metrics": GOOD, "params": [{"value": "v"}]},
    {"metrics": GOOD, "params": [{"key": "", "value": "v"}]},
    {"metrics": GOOD, "params": [{"key": "lr", "value": "another"}]},
    {
        "metrics": GOOD,
        "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
    },
    {"metrics": GOOD, "params": [{"key": "a", "value": []}]},
    {"metrics": GOOD, "tags": [{"key": "", "value": "v"}]},
    {"metrics": GOOD, "tags": [{"key": "t" * 251, "value": "v"}]},
    {"metrics": GOOD, "tags": [{"key": "t", "value": "\0"}]},
):
    case("runs/log-batch", IPV, run_id=RUN, **bad)
case("runs/log-batch", GONE, run_id=ABSENT, metrics=GOOD)
case(
    "runs/log-batch",
    IPV,
    LARGE,
    run_id=RUN,
    tags=[{"key": f"t{n}", "value": "v" * 100_000} for n in range(90)],
)

# ---------------------------------------------------------------- inputs, models

for datasets in (
    "x",
    {},
    [1],
    [{}],
    [{"dataset": 1}],
    [{"dataset": {"name": "", "digest": "d"}}],
    [{"dataset": {"name": "n"}}],
    [
        {
            "dataset": {
                "name": "n\0",
                "digest": "d",
                "source_type": "s",
                "source": "{}",
            }
        }
    ],
    [
        {
            "dataset": {
                "name": "n" * 501,
                "digest": "d",
                "source_type": "s",
                "source": "{}",
            }
        }
    ],
    [{"dataset": {"name": "n", "digest": "d", "source_type": [], "source": "{}"}}],
):
    case("runs/log-inputs", IPV, run_id=RUN, datasets=datasets)
for text in ("", "{", "[]", "7", '"x"', "{}", "\0", "[" * 100_000, {"a": 1}, 7):
    case("runs/log-model", IPV, run_id=RUN, model_json=text)
for message in (
    {},
    {"experiment_id": "404"},
    {"experiment_id": HUGE_NUMBER},
    {"experiment_id": EXPERIMENT, "name": "a/b"},
    {"experiment_id": EXPERIMENT, "name": "a:b"},
    {"experiment_id": EXPERIMENT, "name": 7},
    {"experiment_id": EXPERIMENT, "name": "\0"},
    {"experiment_id": EXPERIMENT, "params": [1]},
    {"experiment_id": EXPERIMENT, "params": {"a": 1}},
    {"experiment_id": EXPERIMENT, "tags": "x"},
    {"experiment_id": EXPERIMENT, "source_run_id": []},
):
    case("logged-models", IPV, GONE, **message)
for one in (ABSENT, "m-1", "%00", "..", "' OR 1=1", "x" * 2000):
    get(f"logged-models/{one}", GONE, IPV, "ENDPOINT_NOT_FOUND")
    case(
        f"logged-models/{one}",
        GONE,
        IPV,
        "ENDPOINT_NOT_FOUND",
        method="PATCH",
        status="LOGGED_MODEL_READY",
    )

# ---------------------------------------------------------------- searches

FILTERS: list[Any] = [
    "metrics.m > 0 OR 1=1",
    "metrics.m > 0; DROP TABLE tracker_candidate",
    "params.p = 'x'; DROP TABLE x",
    "params.p = 'x' UNION SELECT * FROM auth",
    "params.p = 'x' --",
    "params.p = 'unclosed",
    "params.`p = 'x'",
    "unknown.x = 1",
    "metrics.m > 'abc'",
    "metrics.m LIKE 5",
    "attributes.run_id IN ()",
    "metrics.m > 0 \0",
    "params.p = '\0'",
    "(" * 5000,
    ")" * 5000,
    "a" * 20_000,
    "NOT " * 2000 + "metrics.m > 0",
    "metrics.m > " + "9" * 5000,
    "metrics.m > 1e999999999",
    "attributes.start_time > " + LARGE_NUMBER,
    "attributes.start_time > " + HUGE_NUMBER,
    "attributes.start_time > 'noon'",
    "metrics.m = nan",
    "metrics.m",
    "=",
    "metrics.m >",
    "> 1",
    "params.p ~ '('",
    "params.p = \"' OR '1'='1\"",
    7,
    [],
    {},
]
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

# ---------------------------------------------------------------- the registry

MODEL_NAMES: list[Any] = [None, "", 7, [], {}, "a\0b", "a/b", "a:b", "n" * 257]
for name in MODEL_NAMES:
    case("registered-models/create", IPV, name=name)
    if name != "n" * 257:
        case("registered-models/rename", IPV, GONE, name="model", new_name=name)
case("registered-models/create", EXISTS, name="model")
get("registered-models/get", GONE, name="absent")
case("registered-models/delete", GONE, method="DELETE", name="absent")
case("registered-models/set-tag", GONE, name="absent", key="k", value="v")
for number in ("abc", "-1", "1.5", "", LARGE_NUMBER, HUGE_NUMBER, "1\0", "١"):
    get("model-versions/get", IPV, GONE, name="model", version=number)
    case(
        "model-versions/delete",
        IPV,
        GONE,
        method="DELETE",
        name="model",
        version=number,
    )
    case(
        "model-versions/transition-stage",
        IPV,
        GONE,
        name="model",
        version=number,
        stage="Production",
    )
case("model-versions/transition-stage", IPV, name="model", version="1", stage="Unknown")
for alias in (
    "latest",
    "v1",
    "V22",
    "a/b",
    "a b",
    "a" * 256,
    "<b>",
    "",
    7,
    "\0",
    "ü",
):
    case(
        "registered-models/alias",
        IPV,
        GONE,
        name="model",
        alias=alias,
        version="1",
    )
for source in (
    "file:///etc/passwd",
    "/etc/passwd",
    "../../etc/passwd",
    "runs:/../../etc",
    f"runs:/{ABSENT}/../../x",
    "runs:/<run>/../x",
    "models:/model/../../x",
    "models:/absent/1",
    "mlflow-artifacts:/../x",
    "mlflow-artifacts:/%2e%2e/x",
    "mlflow-artifacts://host:80/x",
    "http://127.0.0.1/x",
    "https://example.com/x",
    "javascript:alert(1)",
    "data:,x",
    "gopher://x",
    "s3://b/../x",
    "s3://b/x?y",
    "s3://b/x#y",
    "dbfs:/../x",
    "C:\\x",
    "\\\\server\\x",
    "ftp://x",
    "x\0",
    "m" * 10_000,
    7,
    [],
    "",
):
    case("model-versions/create", IPV, GONE, name="model", source=source)
for text in FILTERS[:16]:
    get("model-versions/search", IPV, filter=str(text))
    get("registered-models/search", IPV, filter=str(text))
for number in ("-1", "word", HUGE_NUMBER, "1000000"):
    get("registered-models/search", IPV, max_results=number)
    get("model-versions/search", IPV, max_results=number)
for token in TOKENS:
    if isinstance(token, str):
        get("registered-models/search", IPV, page_token=token)
        get("model-versions/search", IPV, page_token=token)

# ---------------------------------------------------------------- lists of files

for path in (
    "../x",
    "..",
    "/etc",
    "%2e%2e/x",
    "%252e%252e/x",
    "a\\b",
    "C:/x",
    "file:///etc",
    "a\0b",
    "a\nb",
    "x" * 256,
    "/".join("a" * 65),
    "a/../b",
    "..;/x",
    "a#b",
):
    get("artifacts/list", IPV, run_id=RUN, path=path)
    get(
        "/get-artifact",
        IPV,
        GONE,
        run_id=RUN,
        path=path,
    )
get("/get-artifact", IPV)
get("artifacts/list", FINE, run_id=RUN, path="absent")
