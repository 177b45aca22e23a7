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
    "tracker.environment",
    "tracker.errors",
    "tracker.keys",
    "tracker.locations",
    "tracker.names",
    "tracker.nesting",
