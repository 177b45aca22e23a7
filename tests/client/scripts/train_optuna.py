"""Ten trials of a study, each a run below the study's, by Optuna's own callback."""

import sys

import mlflow
import optuna
from optuna_integration import MLflowCallback

mlflow.set_experiment(sys.argv[1])
written = MLflowCallback(
    tracking_uri=mlflow.get_tracking_uri(),
    metric_name="distance",
    create_experiment=False,
    mlflow_kwargs={"nested": True},
)


@written.track_in_mlflow()
def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    kind = trial.suggest_categorical("kind", ["square", "absolute"])
    mlflow.log_metric("x as a metric", x)
    return x * x if kind == "square" else abs(x)


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name="study") as run:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=10, callbacks=[written])
    mlflow.log_params(
        {f"best {key}": value for key, value in study.best_params.items()}
    )
    mlflow.log_metric("best", study.best_value)
print(run.info.run_id)
