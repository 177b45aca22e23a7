"""What is reported of a run: points, params, tags, batches, inputs and models."""

from typing import Any

from tests.hostile.cases import (
    ABSENT,
    EXPERIMENT,
    FINE,
    GONE,
    HUGE_NUMBER,
    IPV,
    LARGE,
    RUN,
    case,
    get,
)

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
