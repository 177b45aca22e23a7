"""Reading TRACKER_… variables: typed, and a bad value is one sentence."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvError, EnvValidationError

env = Env()


class BadSetting(Exception):
    """A setting that stops the start; the text says what to do."""


def text(name: str, default: str = "") -> str:
    """The variable's value, or the content of the file that `<name>_FILE` names."""
    path = env.str(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise BadSetting(
                f"{name}_FILE names {path}, which cannot be read: {problem.strerror}."
            ) from None
    return env.str(name, default)


def number(name: str, default: int) -> int:
    return _parsed(env.int, name, default, "a whole number")


def flag(name: str, default: bool) -> bool:
    return _parsed(env.bool, name, default, "true or false")


def names(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in env.list(name, default) if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.str(name, default)
    if value not in allowed:
        raise BadSetting(f"{name} is {value!r}; it must be {' or '.join(allowed)}.")
    return value


def _parsed(parse: Any, name: str, default: Any, wanted: str) -> Any:
    try:
        return parse(name, default)
    except (EnvError, EnvValidationError):
        raise BadSetting(f"{name} is {env.str(name)!r}; it must be {wanted}.") from None


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """A secret that is made once and kept in the data folder, readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "x", opener=_owner_only, encoding="utf-8") as file:
                file.write(make())
        except FileExistsError:
            pass
        return path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise BadSetting(
            f"the data folder {path.parent} cannot be used ({problem.strerror})."
            " Make it writable, or name another with TRACKER_DATA_DIR."
        ) from None


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def database(
    url: str, *, synchronous: str, parse: Callable[[str], Any]
) -> dict[str, Any]:
    """Django's description of a SQLite or PostgreSQL database."""
    try:
        config = dict(parse(url))
    except ValueError as problem:
        raise BadSetting(
            f"TRACKER_DATABASE_URL is not an address: {problem}."
        ) from None
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            # A deferred transaction that turns into a write gets "locked" at once,
            # without the timeout; an immediate one waits its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;"
            f"PRAGMA synchronous={synchronous};"
            "PRAGMA cache_size=-32000;"
            "PRAGMA mmap_size=268435456;"
            "PRAGMA temp_store=MEMORY;",
        }
    elif config["ENGINE"].endswith("postgresql"):
        # A thread that streams a file gives its connection back (artifacts/ingest.py),
        # so a small pool serves many threads.
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": 20, "timeout": 10},
        }
    else:
        raise BadSetting(
            "TRACKER_DATABASE_URL must begin with postgres:// or sqlite://."
        )
    return config


def storage(url: str, endpoint: str) -> dict[str, Any]:
    """Django's description of where artifact bytes go: a folder, or an S3 bucket."""
    address = urlsplit(url)
    if address.scheme == "file":
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": address.path, "file_permissions_mode": 0o600},
        }
    if address.scheme == "s3" and address.netloc:
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": address.netloc,
                "location": address.path.strip("/"),
                "endpoint_url": endpoint or None,
                "client_config": s3_client(endpoint),
                "file_overwrite": True,
                "querystring_auth": False,
            },
        }
    raise BadSetting(
        f"TRACKER_ARTIFACTS_URL is {url!r}; it must be file:/folder or s3://bucket/prefix."
    )


def s3_client(endpoint: str) -> Any:
    """How to talk to S3, and to the servers that speak its language.

    Those rarely have a host name for each bucket, nor the newer kinds of checksums;
    artifacts/bucket.py sends one that all of them compare.
    """
    from botocore.config import Config  # slow to import; most servers keep files

    return Config(
        s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=128,
    )


def queue_folders(folder: Path) -> dict[str, Any]:
    """Celery's queue as files: no broker to install on a laptop."""
    messages, control = folder / "messages", folder / "control"
    for path in (messages, control):
        path.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
    }
