"""Scripts with MLflow's client, each in a process of its own, without its long start.

To import the client takes longer than most scripts do. So one Python imports it once, and
forks itself for each script: arguments, environment, folder and output are the script's.
"""

import atexit
import multiprocessing
import os
import runpy
import sys
import threading
from itertools import count
from pathlib import Path

PATIENCE_SECONDS = 300
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["tests.client.preloaded"])
_numbers = count(1)


class Script:
    """`Script(path_or_code, "argument", folder=…, environment=…)` runs at once."""

    def __init__(
        self,
        script: Path | str,
        *arguments: str,
        folder: Path,
        environment: dict[str, str],
    ):
        self.log = folder / f"script-{next(_numbers)}"
        self.process = NURSERY.Process(
            target=run, args=(script, arguments, folder, environment, self.log)
        )
        self.process.start()

    def output(self) -> str:
        """What it has printed, once it has ended well."""
        self.process.join(PATIENCE_SECONDS)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
        said, complained = (
            self.log.with_suffix(kind).read_text(errors="replace")
            for kind in (".out", ".err")
        )
        assert code == 0, complained[-4000:]
        self.process.close()
        return said


def run(script, arguments, folder, environment, log) -> None:
    """In the forked process: become the script."""
    for number, kind in ((1, ".out"), (2, ".err")):
        with open(log.with_suffix(kind), "wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(script) if isinstance(script, Path) else "-c", *arguments]
    try:
        if isinstance(script, Path):
            sys.path.insert(0, str(script.parent))
            runpy.run_path(str(script), run_name="__main__")
        else:
            exec(compile(script, "<code>", "exec"), {"__name__": "__main__"})
    finally:
        # A forked process ends without what a Python does in its end.
        threading._shutdown()
        atexit._run_exitfuncs()
