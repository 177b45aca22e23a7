"""Experiments, and how a script comes to one."""

import mlflow
from mlflow.entities import ViewType

from calls import NAME, client, refused, row, world


@row("1 set_tracking_uri")
def _():
    mlflow.set_tracking_uri(mlflow.get_tracking_uri())


@row("3 set_experiment, new")
def _():
    made = mlflow.set_experiment(NAME)
    assert made.name == NAME and made.lifecycle_stage == "active"
    assert made.artifact_location.startswith("mlflow-artifacts:/")
    world.experiment = made.experiment_id


@row("2 set_experiment, existing")
def _():
    assert mlflow.set_experiment(NAME).experiment_id == world.experiment
    found = mlflow.set_experiment(experiment_id=world.experiment)
    assert found.name == NAME


@row("4 create_experiment")
def _():
    world.other = mlflow.create_experiment(f"{NAME} other", tags={"team": "a b"})
    refused("RESOURCE_ALREADY_EXISTS", mlflow.create_experiment, NAME)


@row("5 get_experiment")
def _():
    assert mlflow.get_experiment(world.other).tags == {"team": "a b"}
    assert mlflow.get_experiment_by_name(NAME).experiment_id == world.experiment
    assert mlflow.get_experiment_by_name("nobody") is None
    refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_experiment, "99999")


@row("6 search_experiments")
def _():
    def names(**query):
        return [one.name for one in mlflow.search_experiments(**query)]

    assert names(filter_string=f"name LIKE '{NAME}%'") == [f"{NAME} other", NAME]
    assert names(max_results=1, order_by=["name"]) != []
    assert names(filter_string="tags.team = 'a b'") == [f"{NAME} other"]
    page = client.search_experiments(max_results=1)
    assert client.search_experiments(max_results=1, page_token=page.token) != page


@row("7 rename_, delete_ and restore_experiment")
def _():
    client.rename_experiment(world.other, f"{NAME} renamed")
    mlflow.delete_experiment(world.other)
    assert mlflow.get_experiment(world.other).lifecycle_stage == "deleted"
    gone = mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)
    assert world.other in [one.experiment_id for one in gone]
    client.restore_experiment(world.other)
    assert mlflow.get_experiment(world.other).name == f"{NAME} renamed"


@row("8 set_experiment_tag(s), delete")
def _():
    mlflow.set_experiment_tags({"a": "1", "b/c": "2"})
    mlflow.set_experiment_tag("d", "3")
    client.delete_experiment_tag(world.experiment, "a")
    tags = mlflow.get_experiment(world.experiment).tags
    assert {key: tags.get(key) for key in ("a", "b/c", "d")} == {
        **{"a": None, "b/c": "2", "d": "3"}
    }
