"""Experiments: making, finding, changing and listing them."""

from typing import Any

from tests.hostile.cases import (
    EXISTS,
    EXPERIMENT,
    FINE,
    GONE,
    HUGE_NUMBER,
    IPV,
    LARGE_NUMBER,
    TOKENS,
    case,
    get,
)

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
for token in TOKENS:
    case("experiments/search", IPV, max_results=5, page_token=token)
case("experiments/search", IPV, max_results=5, view_type="UNKNOWN")
case("experiments/search", IPV, max_results=5, view_type=99)
case("experiments/search", IPV, max_results=5, view_type={})
