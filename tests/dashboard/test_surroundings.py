"""What a candidate ran in, read from the files that clients log."""

import pytest
from django.core.cache import cache

from artifacts import ingest, paths
from dashboard.candidate import recipes, surroundings
from dashboard.candidate.surroundings import READERS, Packages
from tests import make


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


def put(owner, path, text):
    data = text.encode()
    ingest.receive(paths.Place(owner, path), [data], size_bytes=len(data))


CONDA = """\
channels: [conda-forge]
dependencies:
- python=3.11.4
- conda-forge::numpy==2.1.0
- pip<=24
- pip:
  - mlflow==3.17.2
  - torch[cuda]==2.9.1; sys_platform == "linux"
"""

MODEL = """\
flavors:
  python_function: {python_version: 3.12.1}
mlflow_version: 3.17.2
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("requirements.txt", "a==1\nB_c.d==2.0 # why\n", {"a": "1", "b-c-d": "2.0"}),
        ("requirements.txt", "a>=1,<2\nb\n-r x\n# c\n", {"a": ">=1,<2", "b": "any"}),
        ("requirements.txt", "a[x,y]==1;python_version<'4'", {"a": "1"}),
        ("requirements.txt", "\0\xff==\n==1\n", {}),
        (
            "conda.yaml",
            CONDA,
            {"numpy": "2.1.0", "pip": "<=24", "mlflow": "3.17.2", "torch": "2.9.1"},
        ),
        ("conda.yaml", "dependencies: {a: b}", {}),
        ("conda.yaml", "[1, 2", {}),
        ("conda.yaml", "!!python/object/apply:os.system [id]", {}),
        ("MLmodel", MODEL, {"mlflow": "3.17.2"}),
        ("MLmodel", "flavors: [1]", {}),
    ],
)
def test_reads_packages(name, text, expected):
    assert READERS[name](text).versions == expected


@pytest.mark.parametrize(
    ("name", "text", "python"),
    [
        ("conda.yaml", CONDA, "3.11.4"),
        ("MLmodel", MODEL, "3.12.1"),
        ("python_env.yaml", "python: 3.12.3\nbuild_dependencies: [pip]", "3.12.3"),
        ("python_env.yaml", "- a", ""),
    ],
)
def test_reads_the_version_of_python(name, text, python):
    assert READERS[name](text).python == python


def test_many_aliases_are_refused():
    bomb = "a: &a [x]\n" + "b: [" + ",".join(["*a"] * 200) + "]"

    assert READERS["conda.yaml"](bomb) == Packages({})


def test_finds_files_of_the_candidate_and_of_its_models(vision, storage):
    candidate = make.candidate(make.experiment(vision))
    model = make.logged_model(candidate.experiment, source_run_id=candidate.eid)
    put(model, "requirements.txt", "torch==2.9.1\n")
    put(candidate, "env/python_env.yaml", "python: 3.12.3\n")
    put(candidate, "uv.lock", "version = 1\n")

    known = surroundings.of([candidate])[candidate.pk]

    assert known.packages == {"torch": "2.9.1"}
    assert known.python == "3.12.3"
    assert [one.name for one in known.locks] == ["uv.lock"]
    assert known.is_pinned


def test_equal_files_are_read_once(vision, storage, monkeypatch):
    candidates = make.candidates(make.experiment(vision), 5)
    for candidate in candidates:
        put(candidate, "requirements.txt", "torch==2.9.1\n")
    reads = []
    head = surroundings.storage.head
    monkeypatch.setattr(
        surroundings.storage, "head", lambda *args: reads.append(1) or head(*args)
    )

    known = surroundings.of(candidates)
    surroundings.of(candidates)

    assert all(one.packages == {"torch": "2.9.1"} for one in known.values())
    assert len(reads) == 1


def test_costs_the_same_for_many(vision, storage, django_assert_num_queries):
    candidates = make.candidates(make.experiment(vision), 12)
    for candidate in candidates:
        put(candidate, "requirements.txt", f"torch==2.9.{candidate.iid}\n")

    for some in (candidates[:2], candidates):
        with django_assert_num_queries(2):
            surroundings.of(some)


def test_a_missing_file_is_said_not_raised(vision, storage, tmp_path):
    candidate = make.candidate(make.experiment(vision))
    put(candidate, "requirements.txt", "torch==2.9.1\n")
    for blob in (tmp_path / "artifacts").rglob("*"):
        if blob.is_file():
            blob.unlink()

    known = surroundings.of([candidate])[candidate.pk]

    assert known.is_unreadable
    assert known.packages == {}


def test_the_recipe_page_shows_each_recipe(browser, vision):
    response = browser.get("/p/vision/recipe/")

    for recipe in recipes.RECIPES:
        assert f'id="{recipe.id}"' in response.content.decode()


@pytest.mark.parametrize("recipe", recipes.RECIPES, ids=lambda recipe: recipe.id)
def test_every_recipe_is_python(recipe):
    compile(recipe.code.text, recipe.id, "exec")
