"""The words of the catalogue: what a hostile client sends, and what it may be answered.

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


# What no page token and no filter is, wherever one is asked for.
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
