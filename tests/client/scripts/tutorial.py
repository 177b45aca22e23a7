"""The tutorial that most people begin with: a random forest on the iris flowers."""

import sys

import mlflow
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

mlflow.set_experiment(sys.argv[1])

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)

with mlflow.start_run() as run:
    clf = RandomForestClassifier(n_estimators=20, max_depth=3, random_state=7)
    clf.fit(X_train, y_train)

    mlflow.log_param("n_estimators", 20)
    mlflow.log_param("max_depth", 3)
    mlflow.log_metric("accuracy", clf.score(X_test, y_test))
    # The client's own format asks us to say that we trust scikit-learn's trees.
    model = mlflow.sklearn.log_model(
        clf,
        "random_forest_model",
        skops_trusted_types=["sklearn.tree._tree.Tree"],
    )

for uri in (model.model_uri, f"runs:/{run.info.run_id}/random_forest_model"):
    loaded = mlflow.sklearn.load_model(uri)
    assert (loaded.predict(X_test) == clf.predict(X_test)).all(), uri

print(run.info.run_id, model.model_id)
