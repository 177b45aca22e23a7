"""Reading TRACKER_… variables: typed, and a bad value is one sentence."""

import ipaddress
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

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


def number(name: str, default: int, *, least: int = 0) -> int:
    value: int = _parsed(env.int, name, default, "a whole number")
    if value < least:
        raise BadSetting(f"{name} is {value}; it must be {least} or more.")
    return value


def flag(name: str, default: bool) -> bool:
    return bool(_parsed(env.bool, name, default, "true or false"))


def names(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in env.list(name, default) if part.strip()]


GROUP_RULE = re.compile(r".+=[^:=]+:(reader|writer|owner)\Z")


def check_group_rules(rules: list[str]) -> None:
    """Each is `group=project:role`; what they mean is in tracker/groups.py."""
    for one in rules:
        if not GROUP_RULE.match(one):
            raise BadSetting(
                f"TRACKER_OIDC_ROLES holds {one!r}; each part must be like"
                " group=project:role, with reader, writer or owner."
            )


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.str(name, default)
    if value not in allowed:
        raise BadSetting(f"{name} is {value!r}; it must be {' or '.join(allowed)}.")
    return value


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def address(name: str, default: str) -> Address:
    """A host and a port: 127.0.0.1:8000 or [::1]:8000."""
    value = env.str(name, default)
    try:
        parts = urlsplit(f"//{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.netloc != value or parts.username is not None:
        raise BadSetting(
            f"{name} is {value!r}; it must be an address and a port, like {default}."
        )
    return Address(host, port)


def url(name: str, schemes: tuple[str, ...]) -> str:
    """An absolute address with one of these schemes, without a slash at its end; or nothing."""
    value = text(name).rstrip("/")
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        scheme = ""
    if value and (scheme not in schemes or "://" not in value):
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        # Without the value: it may hold a password.
        raise BadSetting(f"{name} must begin with {begins}.")
    return value


def _parsed(parse: Any, name: str, default: Any, wanted: str) -> Any:
    try:
        return parse(name, default)
    except (EnvError, EnvValidationError):
        raise BadSetting(f"{name} is {env.str(name)!r}; it must be {wanted}.") from None


def folder(path: Path) -> Path:
    """A folder that can be written to; made where it is missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise _unusable(path, problem) from None
    return path


def _unusable(path: Path, problem: OSError) -> BadSetting:
    return BadSetting(
        f"the data folder {path} cannot be used ({problem.strerror})."
        " Make it writable, or name another with TRACKER_DATA_DIR."
    )


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """A secret that is made once and kept in a file, readable by its owner alone."""
    try:
        if not path.exists():
            _write_once(path, make())
        return path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise _unusable(path.parent, problem) from None


def _write_once(path: Path, content: str) -> None:
    """Written aside and linked into place.

    Nobody ever reads half of it, and of two processes that start at the same time both
    use what the first one wrote.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(draft, "w", opener=_owner_only, encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


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
        config["ENGINE"] = "tracker.database.sqlite3"
        # Opening a database costs more than most requests; each thread keeps its own.
        config["CONN_MAX_AGE"] = None
        config["OPTIONS"] = {
            # A deferred transaction that turns into a write gets "locked" at once,
            # without the timeout; an immediate one waits its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;"
            f"PRAGMA synchronous={synchronous};"
            "PRAGMA cache_size=-8000;"
            "PRAGMA mmap_size=268435456;"
            # Of the whole process: a hundred threads would keep 8 MB each of a database
            # that is larger than what is mapped. Above it they reuse their own pages.
            "PRAGMA soft_heap_limit=41943040;"
            "PRAGMA temp_store=MEMORY;"
            # Pages that many writes change reach the database once in 32 MB of them; what
            # one long transaction left behind does not stay as large as it was.
            "PRAGMA wal_autocheckpoint=8000;"
            "PRAGMA journal_size_limit=67108864;",
        }
    elif config["ENGINE"].endswith("postgresql"):
        # A thread that streams a file gives its connection back (artifacts/ingest.py),
        # so a small pool serves many threads.
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            # A machine that vanished says nothing: neither connecting nor what was sent
            # on an old connection may wait for it (seconds, milliseconds).
            "connect_timeout": 3,
            "tcp_user_timeout": 4000,
            # Whoever finds no connection is told within five seconds. Tries to reach a
            # database that was away come at most so far apart.
            "pool": {
                "min_size": 1,
                "max_size": 20,
                "timeout": 4,
                "reconnect_timeout": 5,
            },
            # The statements of tracker/points.py are planned once; Django's never are.
            "prepare_threshold": 1,
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
            "OPTIONS": {
                "location": unquote(address.path),
                "file_permissions_mode": 0o600,
            },
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


def queue_folders(path: Path) -> dict[str, Any]:
    """Celery's queue as files: no broker to install on a laptop."""
    messages, control = folder(path / "messages"), folder(path / "control")
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": 0.2,  # seconds that a message waits at most
    }
