"""Where the files of a registered model's versions are, as far as they are here."""

from artifacts import listing, paths
from artifacts.paths import Place
from tracker.errors import NotFound
from tracker.keys import quoted
from tracker.locations import OWN_SCHEME
from tracker.models import LoggedModel, ModelVersion


def place(version: ModelVersion) -> Place:
    """The folder of a version's files. Raises NotFound where it is not on this server."""
    project, address = version.model.project, version.files_uri or version.source
    scheme, _, path = address.partition(":")
    path = path.strip("/")
    if scheme == OWN_SCHEME:
        return paths.place(project, path)
    if scheme != "runs":
        raise NotFound(f"The files are at {quoted(address)}, not on this server.")
    eid, _, path = path.partition("/")
    of_run = Place(paths.owner(project, eid), paths.clean_or_root(path))
    if not path or listing.is_folder(*of_run):
        return of_run
    # Since MLflow 3 a model that a run logs is no folder of the run. It has a place of its
    # own and the folder's name; the client looks it up in the same way.
    name, _, rest = path.partition("/")
    made = LoggedModel.objects.alive().filter(
        project=project, source_run_id=eid, name=name
    )
    newest = made.order_by("-created_ms", "-pk").first()
    return Place(newest, rest) if newest else of_run
