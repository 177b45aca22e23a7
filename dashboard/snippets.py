"""The code that gets a first candidate here, ready to be copied.

Every snippet runs as it stands against the address it names, once what its library needs is
installed; tests/client/test_first_run.py runs all but those of R and CI.
"""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Keyword,
    Name,
    String,
    Token,
    _TokenType,
    is_token_subtype,
)

from tracker.lifecycle import DEFAULT_PROJECT
from tracker.models import Project


class Code(NamedTuple):
    language: str  # of Pygments
    text: str

    @property
    def html(self) -> SafeString:
        return highlighted(self.language, self.text)


def tracking_uri(request: HttpRequest, project: Project) -> str:
    """What goes into MLFLOW_TRACKING_URI for this project."""
    root = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    return root if project.slug == DEFAULT_PROJECT else f"{root}/p/{project.slug}"


# ---------------------------------------------------------------- colours

# Four classes of the style sheet: word, text, comment, call.
CLASSES = (
    (Comment, "c"),
    (String, "s"),
    (Keyword, "k"),
    (Name.Tag, "k"),
    (Name.Builtin, "k"),
    (Name.Function, "f"),
)


def highlighted(language: str, text: str) -> SafeString:
    """Code as HTML, in the classes of the style sheet."""
    tokens = list(get_lexer_by_name(language).get_tokens(text))
    following = [value for _, value in tokens[1:]] + [""]
    parts = [
        (marked(kind, value, after),)
        for (kind, value), after in zip(tokens, following, strict=True)
    ]
    return mark_safe(format_html_join("", "{}", parts).rstrip("\n"))  # noqa: S308  (escaped)


def marked(kind: _TokenType, value: str, after: str) -> SafeString:
    is_name = is_token_subtype(kind, Name) and not is_token_subtype(kind, Name.Builtin)
    if is_name and after.startswith("("):
        kind = Token.Name.Function  # a lexer does not know a method from an attribute
    for token, name in CLASSES:
        if is_token_subtype(kind, token):
            return format_html('<span class="{}">{}</span>', name, value)
    return conditional_escape(value)


# ---------------------------------------------------------------- connect

# How each form sets a variable; Python itself needs a line more.
FORMS: dict[str, tuple[str, str, str]] = {  # label, language, a line of it
    "shell": ("Shell", "bash", "export {name}={value}"),
    "powershell": ("PowerShell", "powershell", '$env:{name} = "{value}"'),
    "python": ("Python", "python", 'os.environ["{name}"] = "{value}"'),
    "notebook": ("Notebook", "bash", "%env {name}={value}"),
    "env": (".env", "bash", "{name}={value}"),
}


def connect(form: str, *, uri: str, token: str = "") -> Code:
    """The variables that point a client here; without a token in local mode."""
    _, language, line = FORMS[form]
    variables = {"MLFLOW_TRACKING_URI": uri}
    if token:
        variables["MLFLOW_TRACKING_TOKEN"] = token
    lines = [line.format(name=name, value=value) for name, value in variables.items()]
    if form == "python":
        lines = ["import os", "", *lines]
    return Code(language, "\n".join(lines))


# ---------------------------------------------------------------- log

PYTHON = """\
import mlflow

mlflow.set_experiment({name})
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("acc", 1 - 0.9 / (step + 1), step=step)
"""

SKLEARN = """\
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.set_experiment({name})
mlflow.sklearn.autolog()

X, y = load_iris(return_X_y=True)
with mlflow.start_run():
    LogisticRegression(C=0.5, max_iter=500).fit(X, y)
"""

PYTORCH = """\
import mlflow
import torch

mlflow.set_experiment({name})

x = torch.randn(256, 10)
y = x.sum(dim=1, keepdim=True)
model = torch.nn.Linear(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

with mlflow.start_run():
    mlflow.log_params({{"lr": 0.05, "optimizer": "SGD"}})
    for step in range(100):
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mlflow.log_metric("train/loss", loss.item(), step=step)
"""

KERAS = """\
import keras
import mlflow
import numpy as np

mlflow.set_experiment({name})
mlflow.keras.autolog()

x = np.random.rand(256, 10)
y = x.sum(axis=1)
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")

with mlflow.start_run():
    model.fit(x, y, validation_split=0.2, epochs=10)
"""

TRANSFORMERS = """\
import os

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainingArguments,
)

os.environ["MLFLOW_EXPERIMENT_NAME"] = {name}

# A tiny model and made-up sentences: put your own here.
config = BertConfig(
    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2
)
model = BertForSequenceClassification(config)
words = torch.randint(1000, (256, 16))
dataset = [{{"input_ids": row, "labels": row[0] % 2}} for row in words]

arguments = TrainingArguments(
    output_dir="out", report_to="mlflow", run_name="first", logging_steps=5
)
trainer = Trainer(model=model, args=arguments, train_dataset=dataset)
trainer.train()
"""

R = """\
library(mlflow)

mlflow_set_tracking_uri("{uri}")
mlflow_set_experiment({name})
with(mlflow_start_run(), {{
  mlflow_log_param("lr", 0.01)
  for (step in 0:99) {{
    mlflow_log_metric("acc", 1 - 0.9 / (step + 1), step = step)
  }}
}})
"""

CURL = """\
api={uri}/api/2.0/mlflow
post() {{ curl -s "$api/$1" -H "Content-Type: application/json"{bearer} -d "$2"; }}

# Experiment 0 is "Default"; the answer holds the id of the run.
run=$(post runs/create '{{"experiment_id": "0", "run_name": "from-curl"}}' |
  sed 's/.*"run_id": *"\\([0-9a-f]*\\)".*/\\1/')

post runs/log-metric '{{"run_id": "'$run'", "key": "acc", "value": 0.9,
  "timestamp": '$(date +%s)000', "step": 1}}'
post runs/update '{{"run_id": "'$run'", "status": "FINISHED"}}'
"""

# One line each: the client turns this variable's JSON into tags of every run it starts,
# without a change to the script or the image.
CI = """\
# .gitlab-ci.yml
train:
  image: python:3.12
  variables:
    MLFLOW_TRACKING_URI: {uri}
{secret}    MLFLOW_RUN_CONTEXT: '{gitlab}'
  script:
    - pip install mlflow
    - python train.py

# .github/workflows/train.yml
on: push
jobs:
  train:
    runs-on: ubuntu-latest
    env:
      MLFLOW_TRACKING_URI: {uri}
{github_secret}      MLFLOW_RUN_CONTEXT: '{github}'
    steps:
      - uses: actions/checkout@v4
      - run: pip install mlflow && python train.py
"""

GITLAB_VARIABLES = (
    "CI_JOB_ID CI_JOB_NAME CI_JOB_URL CI_PIPELINE_ID CI_PIPELINE_URL"
    " CI_MERGE_REQUEST_IID CI_COMMIT_SHA CI_COMMIT_REF_NAME CI_PROJECT_URL"
    " GITLAB_USER_LOGIN"
).split()
GITHUB_CONTEXT = {
    "GITHUB_RUN_ID": "run_id",
    "GITHUB_RUN_ATTEMPT": "run_attempt",
    "GITHUB_JOB": "job",
    "GITHUB_SERVER_URL": "server_url",
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_SHA": "sha",
    "GITHUB_REF": "ref",
    "GITHUB_HEAD_REF": "head_ref",
    "GITHUB_ACTOR": "actor",
}


def one_line_json(tags: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in tags.items()) + "}"


GITLAB = one_line_json({f"gitlab.{name}": f"${name}" for name in GITLAB_VARIABLES})
GITHUB = one_line_json(
    {
        f"github.{name}": f"${{{{ github.{value} }}}}"
        for name, value in GITHUB_CONTEXT.items()
    }
)

# What a library needs beside the client; R's package calls the one of Python.
INSTALL = {
    "sklearn": "pip install mlflow scikit-learn",
    "pytorch": "pip install mlflow torch",
    "keras": "pip install mlflow tensorflow",
    "transformers": 'pip install mlflow "transformers[torch]"',
    "r": "pip install mlflow\n"
    "Rscript -e 'chooseCRANmirror(ind = 1); install.packages(\"mlflow\")'",
    "curl": "curl --version  # nothing else is needed",
}


def install(library: str) -> Code:
    return Code("bash", INSTALL.get(library, "pip install mlflow"))


LOG: dict[str, tuple[str, str, str]] = {  # label, language, template
    "python": ("Python", "python", PYTHON),
    "sklearn": ("scikit-learn", "python", SKLEARN),
    "pytorch": ("PyTorch", "python", PYTORCH),
    "keras": ("Keras", "python", KERAS),
    "transformers": ("Transformers", "python", TRANSFORMERS),
    "r": ("R", "r", R),
    "curl": ("curl", "bash", CURL),
    "ci": ("CI", "yaml", CI),
}


BEARER = ' -H "Authorization: Bearer $MLFLOW_TRACKING_TOKEN"'
GITHUB_LINE = "      MLFLOW_TRACKING_TOKEN: ${{ secrets.MLFLOW_TRACKING_TOKEN }}\n"
GITLAB_LINE = "    # MLFLOW_TRACKING_TOKEN: a masked variable of the project\n"


def log(
    library: str, *, uri: str, name: str = "my-first", needs_token: bool = False
) -> Code:
    """The code that logs a first candidate with a library, into the experiment `name`.

    The client finds the token in its variable; only curl has to be told.
    """
    _, language, template = LOG[library]
    text = template.format(
        uri=uri,
        name=quoted(name),
        gitlab=GITLAB,
        github=GITHUB,
        bearer=BEARER if needs_token else "",
        secret=GITLAB_LINE if needs_token else "",
        github_secret=GITHUB_LINE if needs_token else "",
    )
    return Code(language, text)


def quoted(text: str) -> str:
    """A string literal, in double quotes, that Python and R read alike."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def connect_and_log(uri: str, name: str) -> Code:
    """One block for an experiment that is still empty."""
    text = f'import mlflow\n\nmlflow.set_tracking_uri("{uri}")\n'
    return Code("python", text + PYTHON.format(name=quoted(name)).split("\n", 2)[2])
