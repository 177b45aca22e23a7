"""Lists of files, and files by their path."""

from tests.hostile.cases import FINE, GONE, IPV, RUN, get

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
