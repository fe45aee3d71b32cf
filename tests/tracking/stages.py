"""What the stages leave of a small project, without training anything: the files that tracking reads."""

from __future__ import annotations

import csv
import json
import shutil
from typing import Any

import numpy as np
import pandas as pd

from huelab import models, paths
from huelab.models.saved import save

DATA = "0123456789ab"
SCORES = {"gray": 20.0, "mean": 18.0, "beta": 12.0, "plain": 11.0, "alpha": 5.0}
"""Two floors, two learned colorizers, one of one picture."""


def train(name: str, *, seed: int = 0) -> None:
    """What stage train@NAME leaves: here untrained weights, for what they are worth is not at stake."""
    folder = paths.model(name)
    shutil.rmtree(folder, ignore_errors=True)
    state = None
    params: dict[str, Any] = {}
    if name not in models.FLOORS:
        import torch

        torch.manual_seed(seed)
        module = models.module(name)
        section = module.Params(width=0.125)
        params = section.model_dump(mode="json")
        state = module.build(section, size=64).state_dict()
    card = {
        "name": name,
        "params": params,
        "train": {"seed": seed, "clip_norm": 1.0},
        "data_hash": DATA,
        "split_by": "region",
        "protocol": "disjoint regions of 8 photographs",
        "size": 64,
        "parameters": 123,
        "steps": 40,
        "best_step": 30,
        "one_picture": "00" if name == "alpha" else "",
    }
    save(folder, card, state)
    if state:
        with (folder / "history.csv").open("w", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(["step", "epoch", "mse", "val_mse_ab128"])
            rows.writerows([[step, step // 10, 1 / step, 2 / step] for step in range(1, 601)])
    paths.timing(name).parent.mkdir(parents=True, exist_ok=True)
    paths.timing(name).write_text(json.dumps({"seconds": 12.5, "images_per_second": 99.0, "device": "cpu", "threads": 2}))


def evaluate(name: str, score: float, *, data: str = DATA) -> None:
    """What stage evaluate@NAME leaves."""
    folder = paths.scores(name)
    (folder / "pictures" / "gallery").mkdir(parents=True, exist_ok=True)
    card = json.loads((paths.model(name) / "card.json").read_text())
    card["data_hash"] = data
    (paths.model(name) / "card.json").write_text(json.dumps(card, indent=2, sort_keys=True) + "\n")
    values = [score - 1, score + 1]
    pd.DataFrame({"model": name, "item_id": ["x", "y"], "ciede2000": values}).to_parquet(folder / "scores.parquet")
    summary = {"model": name, "n_items": 2, "n_photos": 2, "split_by": "region", "protocol": "p", "data_hash": data}
    (folder / "summary.json").write_text(json.dumps({**summary, "means": {"ciede2000": score}, "set_level": {"delta_colorfulness": 1.5}}))
    import cv2

    cv2.imwrite(str(folder / "pictures" / "gallery" / "00.png"), np.zeros((8, 8, 3), np.uint8))


def compare(scores: dict[str, float], *, spread: float = 0.5, data: str = DATA) -> None:
    """What stage compare leaves."""
    paths.reports().mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "model": name,
            "one_picture": "00" if name == "alpha" else "",
            "scores": {"ciede2000": {"mean": value, "low": value - spread, "high": value + spread}},
        }
        for name, value in sorted(scores.items(), key=lambda item: item[1])
    ]
    (paths.reports() / "leaderboard.json").write_text(json.dumps({"rows": rows, "sort": "ciede2000", "data_hash": data}))
    (paths.reports() / "leaderboard.md").write_text("| model | ciede2000 |\n")
