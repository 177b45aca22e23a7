"""autolog, with a grid search: MLflow writes everything down by itself."""

import sys

import mlflow
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.set_experiment(sys.argv[1])
mlflow.autolog()

X, y = load_iris(return_X_y=True, as_frame=True)
search = GridSearchCV(
    DecisionTreeClassifier(random_state=7), {"max_depth": [1, 2, 3]}, cv=3
)
search.fit(X, y)

print(mlflow.last_active_run().info.run_id)
