"""What pages in a browser are shown with, and what they have drawn of it."""

from artifacts import ingest, inspection, paths
from tests import make
from tracker import recording
from tracker.models import Candidate, CIBuild, Project

START = 1_700_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


def put(candidate, path, data):
    kept = ingest.receive(paths.Place(candidate, path), [data], size_bytes=len(data))
    inspection.inspect(inspection.claim(kept.pk))


def rich_candidate(vision: Project) -> Candidate:
    """With curves, files, notes, a CI job, and names that are long or hostile."""
    sweep = make.experiment(vision, "sweep")
    for best in (0.7, 0.8, 0.95):
        make.candidate(sweep, points=curve("val/acc", [0.1, best]))
    made = make.candidate(
        sweep,
        name="r101-" + "long-name-" * 12,
        params={f"p{n}": "x" * n * 20 for n in range(12)} | {"lr": "5e-4"},
        points=[
            *curve("val/acc", [0.5 + step / 400 for step in range(150)]),
            *curve("val/loss", [1.0, float("nan"), 0.5]),
            *curve("train/loss", [1 / (step + 1) for step in range(30)]),
            *curve(HOSTILE, [1.0, 2.0, 3.0]),
            recording.Point("once", 4.2, START, 0),
        ],
        tags={"team": "vision", "mlflow.note.content": "# Seen\n\n- one\n- two"},
    )
    CIBuild.objects.update_or_create(
        candidate=made,
        defaults={
            "provider": "gitlab",
            "job_id": "881",
            "job_name": "train:gpu",
            "job_url": "https://gitlab.example.com/j/881",
            "commit": "4f1c2ab9" * 5,
            "commit_url": "https://gitlab.example.com/c/4f",
        },
    )
    picture = make.picture(600, 400)
    for step in (0, 10):
        name = f"images/dogs+step+{step}+timestamp+1+0a.png"
        put(made, name, picture)
    put(made, "plots/roc.png", picture)
    put(made, "cm.csv", b"label,cat,dog\ncat,50,3\ndog,4,60\n")
    put(made, "train.py", b"def f():\n    return 1  # " + b"long " * 60 + b"\n")
    return made


def line_colours(page, frame="#curve"):
    """The colours of the lines that Plotly has drawn."""
    page.wait_for_selector(f"{frame} .scatterlayer .js-line")
    return page.eval_on_selector_all(
        f"{frame} .scatterlayer .js-line", "all => all.map(one => one.style.stroke)"
    )
