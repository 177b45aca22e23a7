"""Five epochs of a small network in Keras, written down by MLflow's autolog."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import mlflow
import numpy as np

mlflow.set_experiment(sys.argv[1])
mlflow.keras.autolog(log_models=True)

numbers = np.random.default_rng(0)
features = numbers.normal(size=(128, 4)).astype("float32")
labels = (features[:, 0] > 0).astype("float32")
keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
network.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
network.fit(features, labels, epochs=5, batch_size=32, validation_split=0.25, verbose=0)

run = mlflow.last_active_run()
(output,) = run.outputs.model_outputs
again = mlflow.keras.load_model(f"models:/{output.model_id}")
assert np.allclose(
    again.predict(features, verbose=0), network.predict(features, verbose=0)
)
print(run.info.run_id)
