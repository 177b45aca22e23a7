"""What a candidate ran in: Python, packages, machine, as clients and scripts log it.

Packages are read from the small files that MLflow keeps beside a model, or that a script
logs by itself. Equal files are read once: what a text says is remembered by its checksum.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml
from django.core.cache import cache
from django.db.models import Q

from artifacts import storage
from artifacts.blobs import Missing
from artifacts.contents import PlainLoader
from artifacts.models import Artifact
from tracker.errors import Full, Unavailable
from tracker.models import Candidate, LoggedModel

MAX_BYTES = 128 * 1024
MAX_PACKAGES = 2000
MAX_FILES_READ = 80  # of one page, beyond what is remembered
REMEMBERED_SECONDS = 7 * 86400

# A name that may have extras, then a version that is said exactly.
PINNED = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*={1,3}\s*([^\s;#,]+)"
)
NAMED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
MAX_VERSION_CHARS = 100


class Packages(NamedTuple):
    """What one file says: versions by package, and Python's own."""

    versions: dict[str, str]
    python: str = ""


# ---------------------------------------------------------------- reading one file


def normal(name: str) -> str:
    """Spellings of the same package are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def from_lines(lines: Iterable[str]) -> dict[str, str]:
    """Requirements as pip writes them. A package without an exact version says "any"."""
    found: dict[str, str] = {}
    for line in lines:
        if len(found) >= MAX_PACKAGES:
            break
        if match := PINNED.match(line):
            found[normal(match[1])] = match[2][:MAX_VERSION_CHARS]
        elif not line.lstrip().startswith(("-", "#")) and (match := NAMED.match(line)):
            rest = line[match.end() :].partition("#")[0].partition(";")[0].strip()
            found[normal(match[1])] = rest[:MAX_VERSION_CHARS] or "any"
    return found


def from_requirements(text: str) -> Packages:
    return Packages(from_lines(text.splitlines()))


def from_conda(text: str) -> Packages:
    """`conda.yaml`: packages of conda, with those of pip in a list of their own."""
    listed = mapping(text).get("dependencies")
    lines: list[str] = []
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, str):
            lines.append(entry.rpartition("::")[2])
        elif isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            lines += [line for line in entry["pip"] if isinstance(line, str)]
    versions = from_lines(lines)
    return Packages(versions, versions.pop("python", ""))


def from_python_env(text: str) -> Packages:
    """`python_env.yaml`: Python, and what builds packages; those are in requirements.txt."""
    return Packages({}, str(mapping(text).get("python", ""))[:MAX_VERSION_CHARS])


def from_model(text: str) -> Packages:
    """`MLmodel` names the versions that the model was saved with."""
    known = mapping(text)
    versions = {}
    if isinstance(known.get("mlflow_version"), str):
        versions["mlflow"] = known["mlflow_version"][:MAX_VERSION_CHARS]
    flavors = known.get("flavors")
    generic = flavors.get("python_function") if isinstance(flavors, dict) else None
    python = generic.get("python_version") if isinstance(generic, dict) else None
    return Packages(versions, str(python or "")[:MAX_VERSION_CHARS])


def mapping(text: str) -> dict[str, Any]:
    text = HALF.sub("�", text)
    try:
        # PlainLoader is a SafeLoader, with limits.
        value = yaml.load(text, PlainLoader)  # noqa: S506  (a safe one)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


# Half a pair of surrogates, as YAML may spell it: no page can hold it.
HALF = re.compile(r"\\(?:u|U0000)d[89a-f][0-9a-f]{2}", re.IGNORECASE)

# By file name; those further down say more, and win.
READERS: dict[str, Callable[[str], Packages]] = {
    "MLmodel": from_model,
    "python_env.yaml": from_python_env,
    "conda.yaml": from_conda,
    "environment.yml": from_conda,
    "environment.yaml": from_conda,
    "requirements.txt": from_requirements,
    "pip-freeze.txt": from_requirements,
    "pip_freeze.txt": from_requirements,
}
LOCKS = {
    "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml",
    "conda-lock.yml", "pip-freeze.txt", "pip_freeze.txt", "requirements.lock",
}  # fmt: skip


def read(artifact: Artifact) -> Packages:
    """Raises Missing, Full and Unavailable where the bytes cannot be had."""
    key = f"packages-1:{artifact.name}:{artifact.sha256}"
    kept = cache.get(key)
    if kept is not None:
        return Packages(*kept)
    head = storage.head(artifact.blob, min(artifact.size_bytes, MAX_BYTES))
    found = READERS[artifact.name](head.decode("utf-8", "replace"))
    cache.set(key, tuple(found), REMEMBERED_SECONDS)
    return found


# ---------------------------------------------------------------- of candidates


class Surroundings(NamedTuple):
    """What is known of one candidate's environment."""

    packages: dict[str, str]
    python: str
    sources: list[Artifact]  # the files that say so
    locks: list[Artifact]
    is_unreadable: bool = False  # the storage did not answer for one of them

    @property
    def is_pinned(self) -> bool:
        """Whether someone could install the same again."""
        exact = [v for v in self.packages.values() if v[:1].isdigit()]
        return bool(self.locks) or (
            bool(exact) and len(exact) == len(self.packages) and len(exact) > 1
        )


NOTHING = Surroundings({}, "", [], [])


def of(candidates: Sequence[Candidate]) -> dict[int, Surroundings]:
    """By primary key. Two queries, and a bounded number of small reads."""
    files = files_of(candidates)
    room = MAX_FILES_READ
    found: dict[int, Surroundings] = {}
    seen: dict[tuple[str, str], Packages] = {}
    for candidate in candidates:
        packages: dict[str, str] = {}
        python, sources, is_unreadable = "", [], False
        ordered = sorted(
            (one for one in files.get(candidate.pk, ()) if one.name in READERS),
            key=lambda one: list(READERS).index(one.name),
        )
        for artifact in ordered:
            same = (artifact.name, artifact.sha256)
            if same not in seen:
                if not room:
                    continue
                room -= 1
                try:
                    seen[same] = read(artifact)
                except (Missing, Full, Unavailable):
                    is_unreadable = True
                    continue
            packages |= seen[same].versions
            python = seen[same].python or python
            sources.append(artifact)
        found[candidate.pk] = Surroundings(
            packages,
            python,
            sources,
            [one for one in files.get(candidate.pk, ()) if one.name in LOCKS],
            is_unreadable,
        )
    return found


def files_of(candidates: Sequence[Candidate]) -> dict[int, list[Artifact]]:
    """The telling files of candidates and of the models that they made."""
    by_eid = {candidate.eid: candidate.pk for candidate in candidates}
    models = dict(
        LoggedModel.objects.alive()
        .filter(source_run_id__in=list(by_eid))
        .order_by("-created_ms")
        .values_list("pk", "source_run_id")[: 5 * len(by_eid)]
    )
    rows = Artifact.objects.filter(
        Q(candidate__in=list(by_eid.values())) | Q(model__in=list(models)),
        name__in={*READERS, *LOCKS},
    ).order_by("folder", "name")[: 20 * len(by_eid)]
    found: dict[int, list[Artifact]] = defaultdict(list)
    for artifact in rows:
        owner = artifact.candidate_id or by_eid[models[artifact.model_id or 0]]
        found[owner].append(artifact)
    return found


# ---------------------------------------------------------------- the machine

# Under which names scripts and launchers tell about the machine.
MACHINE: Mapping[str, tuple[str, ...]] = {
    "host": ("host", "hostname", "node", "mlflow.host", "HOSTNAME", "system/host"),
    "GPU": ("gpu", "gpu_name", "gpu_model", "device_name", "system/gpu"),
    "GPUs": ("gpus", "n_gpus", "num_gpus", "gpu_count", "world_size"),
    "CPU": ("cpu", "cpu_name", "cpu_model", "system/cpu"),
    "cores": ("cpus", "cpu_count", "n_cpus", "num_cpus"),
    "memory": ("memory", "ram", "memory_gb", "ram_gb"),
    "CUDA": ("cuda", "cuda_version"),
    "driver": ("driver", "driver_version", "nvidia_driver"),
    "system": ("os", "platform"),
    "image": ("mlflow.docker.image.name", "docker_image", "container_image", "image"),
    "cluster": ("mlflow.databricks.cluster.id", "cluster", "queue", "partition"),
}
GPU_METRIC = re.compile(r"system/gpu_(\d+)_")


def machine(tags: Mapping[str, str], params: Mapping[str, str]) -> dict[str, str]:
    """What tags, then parameters, say about the machine."""
    found = {}
    for label, names in MACHINE.items():
        for name in names:
            if value := tags.get(name) or params.get(name):
                found[label] = value
                break
    return found


def gpus_seen(metric_keys: Iterable[str]) -> int:
    """How many GPUs MLflow's system metrics report on."""
    return len({match[1] for key in metric_keys if (match := GPU_METRIC.match(key))})
