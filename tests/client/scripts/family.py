"""A search: a parent, its twenty children, and every kind of file that people log."""

import filecmp
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd

mlflow.set_experiment(sys.argv[1])
here = Path(tempfile.mkdtemp())
nested = here / "nested"
(nested / "deep" / "er").mkdir(parents=True)
(nested / "one.txt").write_text("1")
(nested / "deep" / "two.bin").write_bytes(bytes(range(256)) * 4096)
(nested / "deep" / "er" / "empty").write_bytes(b"")

with mlflow.start_run(run_name="search") as parent:
    for number in range(20):
        with mlflow.start_run(run_name=f"child-{number}", nested=True):
            mlflow.log_params({"lr": 10**-number, "number": number})
            mlflow.log_metrics({"loss": 1 / (number + 1)}, step=number)

    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], [1, 4, 9])
    mlflow.log_figure(figure, "figures/squares.png")
    plt.close(figure)
    for step in range(3):
        image = np.full((8, 8, 3), step * 80, dtype=np.uint8)
        mlflow.log_image(image, key="sample", step=step)
    mlflow.flush_artifact_async_logging()
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "answers.json")
    mlflow.log_table({"question": ["c"], "answer": [3]}, "answers.json")
    mlflow.log_text("Grüße aus dem Training", "notes/gruß.txt")
    mlflow.log_dict({"layers": [1, 2, 3]}, "config.json")
    mlflow.log_artifacts(str(nested), "nested")

with tempfile.TemporaryDirectory() as folder:
    path = mlflow.artifacts.download_artifacts(
        run_id=parent.info.run_id, artifact_path="nested", dst_path=folder
    )
    compared = filecmp.dircmp(nested, path)
    assert not (compared.left_only or compared.right_only or compared.diff_files)
    for name in ("one.txt", "deep/two.bin", "deep/er/empty"):
        assert filecmp.cmp(nested / name, Path(path) / name, shallow=False), name

rows = mlflow.load_table("answers.json", run_ids=[parent.info.run_id])
assert list(rows["answer"]) == [1, 2, 3], rows
assert isinstance(rows, pd.DataFrame)
text = mlflow.artifacts.load_text(f"{parent.info.artifact_uri}/notes/gruß.txt")
assert text == "Grüße aus dem Training"
assert mlflow.artifacts.load_dict(f"{parent.info.artifact_uri}/config.json") == {
    "layers": [1, 2, 3]
}
assert mlflow.artifacts.load_image(f"{parent.info.artifact_uri}/black.png").size == (
    4,
    4,
)

print(parent.info.run_id)
