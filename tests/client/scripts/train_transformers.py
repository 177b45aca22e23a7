"""Five steps of a tiny BERT with the Hugging Face Trainer and `report_to="mlflow"`."""

import os
import sys
import tempfile

os.environ["MLFLOW_EXPERIMENT_NAME"] = sys.argv[1]
os.environ["HF_HUB_OFFLINE"] = "1"

import mlflow
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainingArguments,
)

torch.manual_seed(0)
torch.set_num_threads(1)
rows = [
    {
        "input_ids": torch.randint(0, 50, (8,)),
        "attention_mask": torch.ones(8, dtype=torch.long),
        "labels": torch.tensor(number % 2),
    }
    for number in range(40)
]
network = BertForSequenceClassification(
    BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
)
trainer = Trainer(
    model=network,
    args=TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        run_name="tiny",
        report_to=["mlflow"],
        max_steps=5,
        logging_steps=1,
        learning_rate=1e-3,
        per_device_train_batch_size=8,
        eval_strategy="epoch",
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    ),
    train_dataset=rows,
    eval_dataset=rows[:8],
)
trainer.train()
print(mlflow.last_active_run().info.run_id)
