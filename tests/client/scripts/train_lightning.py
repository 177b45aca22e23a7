"""Ten steps of PyTorch Lightning with its MLFlowLogger, which keeps checkpoints too."""

import sys

import lightning
import mlflow
import torch
from lightning.pytorch.loggers import MLFlowLogger


class Network(lightning.LightningModule):
    def __init__(self, width):
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 1)
        )

    def training_step(self, batch, index):
        features, labels = batch
        loss = torch.nn.functional.mse_loss(self.layers(features)[:, 0], labels)
        self.log("loss", loss, on_step=True, on_epoch=False)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


lightning.seed_everything(0)
torch.set_num_threads(1)
features = torch.randn(80, 4)
batches = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(features, features[:, 0]), batch_size=16
)
logger = MLFlowLogger(
    experiment_name=sys.argv[1],
    tracking_uri=mlflow.get_tracking_uri(),
    log_model=True,
)
trainer = lightning.Trainer(
    max_epochs=2,
    logger=logger,
    accelerator="cpu",
    log_every_n_steps=1,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(Network(width=8), batches)
print(logger.run_id)
