"""The house keeps its shape: who may look at whom, read from the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("tracker", "artifacts", "dashboard")

# What everybody may use: it knows no model and no door.
GROUND = {
    "tracker.database",
    "tracker.deadlines",
    "tracker.database.sqlite3",
    "tracker.database.sqlite3.base",
    "tracker.documents",
    "tracker.environment",
    "tracker.errors",
    "tracker.keys",
    "tracker.locations",
    "tracker.names",
    "tracker.nesting",
    "tracker.numbers",
    "tracker.prepared",
    "tracker.reading",
    "tracker.redaction",
    "tracker.rows",
    "tracker.seeds",
    "tracker.transactions",
    "tracker.version",
}
# What puts the house together, and may look anywhere.
HOUSE = {
    "tracker",
    "tracker.apps",
    "tracker.beat",
    "tracker.celery",
    "tracker.compression",
    "tracker.connections",
    "tracker.express",
    "tracker.health",
    "tracker.incoming",
    "tracker.middleware",
    "tracker.openapi",
    "tracker.problems",
    "tracker.processes",
    "tracker.readiness",
    "tracker.routes",
    "tracker.settings",
    "tracker.sqlite",
    "tracker.statics",
    "tracker.templating",
    "tracker.urls",
    "tracker.web",
    "tracker.worker",
    "tracker.wsgi",
}
# The part of the API's door that another door for scripts is built from.
FRAME = {
    "tracker.api.endpoint",
    "tracker.api.errors",
    "tracker.api.lately",
    "tracker.api.wire",
}
# Looks that no rule explains.
EXCEPTIONS = {
    ("artifacts.urls", "tracker.api.urls"),  # the two prefixes of every route
}

MAY_IMPORT = {
    "ground": {"ground"},
    "models": {"ground", "models"},
    "search": {"ground", "models", "search"},
    "verbs": {"ground", "models", "verbs"},
    "api": {"ground", "models", "verbs", "search", "api", "frame"},
    "frame": {"ground", "models", "verbs", "frame"},
    "artifacts": {"ground", "models", "verbs", "artifacts", "frame"},
    "dashboard": {"ground", "models", "verbs", "search", "artifacts", "dashboard"},
    # Tasks, commands and the back office.
    "service": {"ground", "models", "verbs", "search", "artifacts", "house", "service"},
    "house": {
        *("ground", "models", "verbs", "search", "api", "frame"),
        *("artifacts", "dashboard", "service", "house"),
    },
}


def room(module: str) -> str:
    """Where a module stands. What is new in tracker/ is a verb until it is listed here."""
    if module in GROUND:
        return "ground"
    if module in HOUSE:
        return "house"
    if module in FRAME:
        return "frame"
    package, _, name = module.partition(".")
    if package != "tracker":
        return package
    first = name.partition(".")[0]
    if first in ("models", "search", "api"):
        return first
    return "service" if first in ("admin", "management", "tasks") else "verbs"


def modules() -> dict[str, Path]:
    found = {}
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(module: str, *, deferred: bool = True) -> set[str]:
    """Which of our modules it imports; without those that a function imports late."""
    tree = ast.parse(MODULES[module].read_text())
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if not deferred and node in late:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                found.add(inner if inner in MODULES else node.module)
    return {name for name in found if name in MODULES} - {module}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_looks_only_where_it_may(module):
    allowed = MAY_IMPORT[room(module)]

    wrong = {
        name
        for name in imports(module)
        if room(name) not in allowed and (module, name) not in EXCEPTIONS
    }

    assert wrong == set(), f"{module} ({room(module)}) may import {sorted(allowed)}"


def test_has_no_circles():
    graph = {name: imports(name, deferred=False) for name in MODULES}
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_reads_the_environment_in_one_place():
    """Settings are read once, checked and documented; nothing else looks them up."""
    readers = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }

    # The entries of Celery and of the web server name the settings module there.
    assert readers == {"tracker.celery", "tracker.wsgi"}
