"""Every call of the client that Tracker answers; see calls/.

Prints what became of each row, as JSON: "" or what went wrong.
"""

import importlib
import json
import traceback

import mlflow
from calls import ROWS

# In this order: later ones use what earlier ones have made.
for part in ("experiments", "runs", "files", "models", "registry", "around"):
    importlib.import_module(f"calls.{part}")

results = {}
for name, function in ROWS.items():
    try:
        function()
        results[name] = ""
    except Exception:
        results[name] = traceback.format_exc()
    finally:
        while mlflow.active_run():
            mlflow.end_run()
print(json.dumps(results))
