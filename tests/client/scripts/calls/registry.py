"""Registered models and their versions."""

import json

import mlflow

from calls import NAME, X, Y, client, refused, row, world


@row("32 create_registered_model, get_, search_, update, rename, delete, tags")
def _():
    client.create_registered_model(NAME, tags={"t": "1"}, description="d")
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, NAME)
    client.update_registered_model(NAME, description="new")
    client.set_registered_model_tag(NAME, "u", "2")
    client.delete_registered_model_tag(NAME, "t")
    made = client.get_registered_model(NAME)
    assert made.description == "new" and made.tags == {"u": "2"}
    assert made.latest_versions == [] and made.aliases == {}
    assert NAME in [one.name for one in mlflow.search_registered_models()]
    found = mlflow.search_registered_models(filter_string=f"name = '{NAME}'")
    assert [one.name for one in found] == [NAME]
    client.create_registered_model(f"{NAME} gone")
    client.rename_registered_model(f"{NAME} gone", f"{NAME} going")
    client.delete_registered_model(f"{NAME} going")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, f"{NAME} going")


@row("28 register_model, create_model_version")
def _():
    first = mlflow.register_model(f"models:/{world.model}", NAME)
    assert first.version == "1" or first.version == 1
    assert first.status == "READY" and first.run_id == world.run
    mlflow.register_model(f"runs:/{world.run}/clf", NAME, tags={"n": "2"})
    with mlflow.start_run() as run:
        mlflow.log_text("no model", "folder/file.txt")
    bare = client.create_model_version(
        NAME, f"runs:/{run.info.run_id}/folder", run.info.run_id, description="bare"
    )
    assert int(bare.version) == 3 and bare.current_stage == "None"
    tag = mlflow.get_logged_model(world.model).tags["mlflow.modelVersions"]
    assert {str(one["version"]) for one in json.loads(tag)} == {"1", "2"}
    client.delete_model_version(NAME, "3")
    again = client.create_model_version(
        NAME, f"runs:/{run.info.run_id}/folder", run.info.run_id
    )
    assert int(again.version) == 4


@row("33 set_registered_model_alias, delete")
def _():
    client.set_registered_model_alias(NAME, "champion", "1")
    client.set_registered_model_alias(NAME, "champion", "2")
    client.set_registered_model_alias(NAME, "old", "1")
    client.delete_registered_model_alias(NAME, "old")
    made = client.get_registered_model(NAME)
    assert {alias: int(v) for alias, v in made.aliases.items()} == {"champion": 2}


@row("34 get_model_version_by_alias")
def _():
    assert int(client.get_model_version_by_alias(NAME, "champion").version) == 2
    lost = client.get_model_version_by_alias
    refused("INVALID_PARAMETER_VALUE", lost, NAME, "old")


@row("35 transition_model_version_stage, get_latest_versions")
def _():
    client.transition_model_version_stage(NAME, "1", "staging")
    client.transition_model_version_stage(
        NAME, "2", "Staging", archive_existing_versions=True
    )
    stages = {
        int(one.version): one.current_stage for one in client.get_latest_versions(NAME)
    }
    assert stages == {1: "Archived", 2: "Staging", 4: "None"}
    (found,) = client.get_latest_versions(NAME, stages=["Staging"])
    assert int(found.version) == 2


@row("36 search_model_versions, get_model_version")
def _():
    found = mlflow.search_model_versions(filter_string=f"name = '{NAME}'")
    assert sorted(int(one.version) for one in found) == [1, 2, 4]
    by_run = mlflow.search_model_versions(
        filter_string=f"run_id = '{world.run}'", order_by=["version_number ASC"]
    )
    assert [int(one.version) for one in by_run] == [1, 2]
    page = client.search_model_versions(f"name = '{NAME}'", max_results=2)
    rest = client.search_model_versions(
        f"name = '{NAME}'", max_results=2, page_token=page.token
    )
    assert (len(page), len(rest), rest.token or None) == (2, 1, None)
    assert client.get_model_version(NAME, "2").aliases == ["champion"]
    assert client.get_model_version_stages(NAME, "2") == [
        *("None", "Staging", "Production", "Archived")
    ]


@row("37 update_, delete_model_version, tags, copy, download URI")
def _():
    client.update_model_version(NAME, "1", description="one")
    client.set_model_version_tag(NAME, "1", "a", "1")
    client.set_model_version_tag(NAME, "1", "b", "2")
    client.set_model_version_tag(NAME, key="by-stage", value="3", stage="Staging")
    client.delete_model_version_tag(NAME, "1", "a")
    made = client.get_model_version(NAME, "1")
    assert made.description == "one" and made.tags == {"b": "2"}
    uri = client.get_model_version_download_uri(NAME, "1")
    assert uri == mlflow.get_logged_model(world.model).artifact_location
    copy = client.copy_model_version(f"models:/{NAME}@champion", f"{NAME} copy")
    assert int(copy.version) == 1 and copy.run_id == world.run
    client.delete_model_version(NAME, "4")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, NAME, "4")


@row("27 load_model")
def _():
    for uri in (
        f"models:/{world.model}",
        f"runs:/{world.run}/clf",
        f"models:/{NAME}/1",
        f"models:/{NAME}@champion",
        f"models:/{NAME}/Staging",
        f"models:/{NAME}/latest",
        f"models:/{NAME} copy/1",
    ):
        assert list(mlflow.sklearn.load_model(uri).predict(X)) == list(Y), uri
    assert list(mlflow.pyfunc.load_model(f"models:/{NAME}/1").predict(X)) == list(Y)
