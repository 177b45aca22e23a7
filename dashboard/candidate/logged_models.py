"""A logged model in a few lines: what it takes and gives, how it is loaded, an example."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from artifacts.models import Artifact
from dashboard import snippets
from tracker import documents

# As MLflow names the files beside MLmodel, the one that a server would be sent first.
EXAMPLES = ("serving_input_example.json", "input_example.json")
MAX_FIELDS = 100


class Field(NamedTuple):
    """One column or tensor of a signature."""

    part: str
    name: str
    type: str
    is_required: bool


class Panel(NamedTuple):
    flavors: list[str]
    facts: list[tuple[str, str]]
    fields: list[Field]
    example: Artifact | None
    code: snippets.Code


def panel(
    mlmodel: Artifact, siblings: Iterable[Artifact], *, uri: str, model_id: str = ""
) -> Panel:
    """From what ingestion has read out of an MLmodel file."""
    facts = mlmodel.facts
    signature = facts.get("signature")
    by_name = {one.name: one for one in siblings}
    own_uri = f"models:/{model_id}" if model_id else ""
    source = own_uri or f"runs:/{facts.get('run_id', '')}/{mlmodel.folder}".rstrip("/")
    names = {"mlflow_version": "MLflow", "utc_time_created": "Created (UTC)"}
    return Panel(
        flavors=[str(name) for name in facts.get("flavors", [])],
        facts=[
            (label, str(facts[key])) for key, label in names.items() if key in facts
        ],
        fields=fields(signature if isinstance(signature, dict) else {}),
        example=next((by_name[name] for name in EXAMPLES if name in by_name), None),
        code=snippets.Code(
            "python",
            "import mlflow\n\n"
            f'mlflow.set_tracking_uri("{uri}")\n'
            f'model = mlflow.pyfunc.load_model("{source}")\n',
        ),
    )


def fields(signature: dict[str, Any]) -> list[Field]:
    found = []
    for part in ("inputs", "outputs", "params"):
        try:
            columns = documents.parsed(str(signature.get(part) or "[]"))
        except ValueError:
            continue
        for column in columns if isinstance(columns, list) else []:
            if isinstance(column, dict):
                found.append(field(part, column))
    return found[:MAX_FIELDS]


def field(part: str, column: dict[str, Any]) -> Field:
    kind = column.get("type", "")
    tensor = column.get("tensor-spec")
    if isinstance(tensor, dict):
        kind = f"{tensor.get('dtype', '')} {tensor.get('shape', '')}"
    return Field(
        part.removesuffix("s"),
        str(column.get("name", "") or "unnamed")[:200],
        str(kind)[:200],
        column.get("required") is not False,
    )
