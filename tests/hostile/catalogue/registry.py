"""Registered models, versions, aliases and tags."""

from typing import Any

from tests.hostile.cases import (
    ABSENT,
    EXISTS,
    FILTERS,
    GONE,
    HUGE_NUMBER,
    IPV,
    LARGE_NUMBER,
    TOKENS,
    case,
    get,
)

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
