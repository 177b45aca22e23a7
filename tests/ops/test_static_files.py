"""What browsers get of the style sheets: one file, whose name changes with its parts."""

from pathlib import Path

from django.core.files.storage import FileSystemStorage

from tracker.statics import StaticFiles

CSS = Path(__file__).parents[2] / "static" / "css"


def test_the_parts_of_a_style_sheet_are_served_as_one_file(tmp_path):
    source = FileSystemStorage(CSS.parent)
    for sheet in CSS.glob("*.css"):
        copy = tmp_path / "css" / sheet.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(sheet.read_bytes())
    storage = StaticFiles(location=tmp_path, base_url="/static/")
    paths = {
        f"css/{one.name}": (source, f"css/{one.name}") for one in CSS.glob("*.css")
    }

    problems = [done for _, _, done in storage.post_process(paths) if done is not True]

    served = (tmp_path / storage.hashed_files["css/tracker.css"]).read_text()
    assert not [one for one in problems if isinstance(one, Exception)]
    assert "@import" not in served
    assert ".legend" in served
    assert "--accent" in served
