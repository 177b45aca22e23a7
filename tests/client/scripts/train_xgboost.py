"""Twenty rounds of XGBoost, written down by MLflow's autolog."""

import sys

import mlflow
import numpy as np
import xgboost

mlflow.set_experiment(sys.argv[1])
mlflow.xgboost.autolog()

numbers = np.random.default_rng(0)
features = numbers.normal(size=(200, 4))
labels = (features[:, 0] + features[:, 1] > 0).astype(int)
train = xgboost.DMatrix(features[:150], labels[:150])
check = xgboost.DMatrix(features[150:], labels[150:])
booster = xgboost.train(
    {"objective": "binary:logistic", "max_depth": 3, "nthread": 1},
    train,
    num_boost_round=20,
    evals=[(check, "check")],
    verbose_eval=False,
)

run = mlflow.last_active_run()
(output,) = run.outputs.model_outputs
again = mlflow.xgboost.load_model(f"models:/{output.model_id}")
assert np.allclose(again.predict(check), booster.predict(check))
print(run.info.run_id)
