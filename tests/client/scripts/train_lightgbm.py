"""Twenty rounds of LightGBM, written down by MLflow's autolog."""

import sys

import lightgbm
import mlflow
import numpy as np

mlflow.set_experiment(sys.argv[1])
mlflow.lightgbm.autolog(log_datasets=True)

numbers = np.random.default_rng(0)
features = numbers.normal(size=(200, 4))
labels = (features[:, 0] + features[:, 1] > 0).astype(int)
train = lightgbm.Dataset(features[:150], labels[:150])
check = lightgbm.Dataset(features[150:], labels[150:], reference=train)
booster = lightgbm.train(
    {"objective": "binary", "num_leaves": 7, "num_threads": 1, "verbose": -1},
    train,
    num_boost_round=20,
    valid_sets=[check],
    valid_names=["check"],
)

run = mlflow.last_active_run()
(output,) = run.outputs.model_outputs
again = mlflow.lightgbm.load_model(f"models:/{output.model_id}")
assert np.allclose(again.predict(features), booster.predict(features))
print(run.info.run_id)
