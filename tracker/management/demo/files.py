"""The files that a training leaves behind, made on the spot."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from random import Random

from PIL import Image, ImageDraw

CLASSES = "plane car bird cat deer dog frog horse ship truck".split()
LIKELY_CONFUSIONS = {
    ("cat", "dog"),
    ("car", "truck"),
    ("deer", "horse"),
    ("bird", "plane"),
}


def confusions(chance: Random, accuracy: float, each: int = 1000) -> list[list[int]]:
    """How many of each class were taken for which."""
    matrix = []
    for truth in CLASSES:
        weights = [
            0.0
            if guess == truth
            else 6.0
            if {(truth, guess), (guess, truth)} & LIKELY_CONFUSIONS
            else chance.uniform(0.2, 1.2)
            for guess in CLASSES
        ]
        missed = round(each * (1 - accuracy) * chance.uniform(0.7, 1.3))
        row = [round(missed * weight / sum(weights)) for weight in weights]
        row[CLASSES.index(truth)] = each - sum(row)
        matrix.append(row)
    return matrix


def confusion_matrix(matrix: Sequence[Sequence[int]]) -> bytes:
    """The matrix as a picture, the way people plot it."""
    cell, left, top = 44, 70, 40
    size = (left + cell * len(CLASSES) + 16, top + cell * len(CLASSES) + 16)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.text((left, 10), "truth (rows) against prediction (columns)", fill="black")
    for y, (truth, row) in enumerate(zip(CLASSES, matrix, strict=True)):
        draw.text((8, top + y * cell + 14), truth, fill="black")
        for x, count in enumerate(row):
            strength = math.sqrt(count / sum(row))
            box = (
                left + x * cell,
                top + y * cell,
                left + (x + 1) * cell - 2,
                top + (y + 1) * cell - 2,
            )
            shade = round(247 - 200 * strength)
            draw.rectangle(box, fill=(shade, shade + 5, 252))
            ink = "white" if strength > 0.6 else "black"
            draw.text((box[0] + 8, box[1] + 14), str(count), fill=ink)
    return png(image)


def samples(chance: Random, sharpness: float) -> bytes:
    """A sheet of small generated pictures; blurred early in training, clear at its end."""
    tile, columns, rows = 48, 8, 4
    sheet = Image.new("RGB", (tile * columns, tile * rows))
    for number in range(columns * rows):
        hue = chance.randrange(256)
        picture = Image.new("HSV", (tile, tile), (hue, 90, 190))
        draw = ImageDraw.Draw(picture)
        for _ in range(5):
            x, y, size = (
                chance.randrange(tile),
                chance.randrange(tile),
                chance.randrange(6, 22),
            )
            colour = (
                (hue + chance.randrange(-40, 40)) % 256,
                200,
                chance.randrange(90, 256),
            )
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
        coarse = max(2, round(tile * sharpness))
        blurred = picture.convert("RGB").resize((coarse, coarse)).resize((tile, tile))
        sheet.paste(blurred, (number % columns * tile, number // columns * tile))
    return png(sheet)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def table(rows: Sequence[Mapping[str, object]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def report(matrix: Sequence[Sequence[int]]) -> bytes:
    """Precision and recall of each class, as CSV."""
    rows: list[dict[str, object]] = []
    for number, name in enumerate(CLASSES):
        hits = matrix[number][number]
        guessed = sum(row[number] for row in matrix)
        rows.append(
            {
                "class": name,
                "precision": round(hits / guessed, 4),
                "recall": round(hits / sum(matrix[number]), 4),
                "support": sum(matrix[number]),
            }
        )
    return table(rows)


def predictions(chance: Random, matrix: Sequence[Sequence[int]]) -> bytes:
    """A table as `mlflow.log_table` writes it."""
    data = []
    for number in range(200):
        truth = chance.randrange(len(CLASSES))
        guess = chance.choices(range(len(CLASSES)), matrix[truth])[0]
        data.append(
            [f"test/{number:05}.png", CLASSES[truth], CLASSES[guess], truth == guess]
        )
    columns = ["image", "truth", "prediction", "is_right"]
    return json.dumps({"columns": columns, "data": data}).encode()


def labelled(matrix: Sequence[Sequence[int]]) -> bytes:
    """The confusion matrix as a table: true labels down, predicted across."""
    return table(
        [
            {"true": name, **dict(zip(CLASSES, row, strict=True))}
            for name, row in zip(CLASSES, matrix, strict=True)
        ]
    )


def roc(quality: float) -> bytes:
    """A classifier's curve, the higher the better it is."""
    power = max(0.02, (1 - quality) * 1.6)
    places = [number / 60 for number in range(61)]
    return table(
        [{"fpr": round(x, 4), "tpr": round(float(x**power), 4)} for x in places]
    )


def importances(chance: Random) -> bytes:
    """How much each part of the augmentation is worth, by leaving it out."""
    parts = "crop flip cutout mixup colour blur rotation noise".split()
    return table(
        [
            {"feature": part, "importance": round(chance.uniform(0.2, 1) / number, 4)}
            for number, part in enumerate(parts, start=1)
        ]
    )


SCRIPT = """\
import mlflow
import torch

from data import cifar10
from models import resnet

LR = {lr}
BATCH_SIZE = {batch_size}
DEPTH = {depth}


def train():
    model = resnet(depth=DEPTH)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
    {schedule}
    for step, (images, labels) in enumerate(cifar10(batch_size=BATCH_SIZE)):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        {turn}
        mlflow.log_metric("train/loss", loss.item(), step=step)


with mlflow.start_run():
    train()
"""


def script(params: Mapping[str, str]) -> bytes:
    """The training script; large models have another schedule."""
    is_deep = int(params["depth"]) > 18
    return SCRIPT.format(
        **params,
        schedule="scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)"
        if is_deep
        else "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 60, gamma=0.2)",
        turn="scheduler.step()" if is_deep else "scheduler.step()  # once per step",
    ).encode()


def packages(is_new: bool) -> bytes:
    torch = "2.9.1" if is_new else "2.8.0"
    return (
        f"mlflow==3.17.2\nnumpy==2.4.6\npillow==12.2.0\ntorch=={torch}\n"
        f"torchvision==0.{24 if is_new else 23}.1\n"
    ).encode()


def readable(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
