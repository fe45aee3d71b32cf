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
PHOTOGRAPHS = 8


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


def evaluate(name: str, score: float, *, ssim: float = 0.9, data: str = DATA) -> None:
    """What stage evaluate@NAME leaves: scores of so many photographs, each its own, whose mean is `score`."""
    folder = paths.scores(name)
    (folder / "pictures" / "gallery").mkdir(parents=True, exist_ok=True)
    card = json.loads((paths.model(name) / "card.json").read_text())
    card["data_hash"] = data
    (paths.model(name) / "card.json").write_text(json.dumps(card, indent=2, sort_keys=True) + "\n")
    own = np.random.default_rng(len(name)).normal(0, 0.1, PHOTOGRAPHS)  # as large as an interval between two colorizers is to be wide
    values = score + np.linspace(-1, 1, PHOTOGRAPHS) + own - own.mean()
    items = [f"photo-{number}" for number in range(PHOTOGRAPHS)]
    columns = {"item_id": items, "photo_id": items, "path": items, "ciede2000": values, "ssim": ssim + own / 10}
    pd.DataFrame({"model": name, **columns}).to_parquet(folder / "scores.parquet")
    summary = {"model": name, "n_items": PHOTOGRAPHS, "n_photos": PHOTOGRAPHS, "split_by": "region", "protocol": "p", "data_hash": data}
    summary |= {"means": {"ciede2000": score, "ssim": float(columns["ssim"].mean())}, "set_level": {"delta_colorfulness": 1.5}}
    summary |= {"not_computed": {}, "one_picture": "00" if name == "alpha" else "", "seeds": {}}
    (folder / "summary.json").write_text(json.dumps(summary))
    import cv2

    cv2.imwrite(str(folder / "pictures" / "gallery" / "00.png"), np.zeros((8, 8, 3), np.uint8))


def compare(scores: dict[str, float], *, spread: float = 0.5, data: str = DATA) -> None:
    """What stage compare leaves: every one is `spread` sure of its score and of its distance to gray, mean and the best."""
    paths.reports().mkdir(parents=True, exist_ok=True)
    ranked = sorted((name for name in scores if name != "alpha"), key=lambda name: scores[name])
    others = {"gray": "gray", "mean": "mean", "best": ranked[0]}

    def estimate(value: float) -> dict[str, Any]:
        return {"mean": value, "median": value - 0.1, "low": value - spread, "high": value + spread, "excluded": 0}

    def versus(name: str) -> dict[str, Any]:
        found = {}
        for other, opponent in others.items():
            gain = scores[name] - scores[opponent]
            ends = {"low": gain - spread, "high": gain + spread, "p": 0.01, "p_holm": 0.02, "effect": -1.0, "photographs": 2}
            if name not in (other, opponent):
                found[other] = {"ciede2000": {"difference": gain, **ends}}
        return found

    rows = [
        {
            "rank": place,
            "model": name,
            "one_picture": "",
            "scores": {"ciede2000": estimate(scores[name])},
            "versus": versus(name),
            "tied_with_best": scores[name] - scores[ranked[0]] < spread,
            "seeds": [],
            "between_seeds": {},
        }
        for place, name in enumerate(ranked, 1)
    ]
    if "alpha" in scores:
        rows.append({"rank": None, "model": "alpha", "one_picture": "00", "scores": {"ciede2000": estimate(scores["alpha"])}, "seeds": []})
    board = {"rows": rows, "sort": "ciede2000", "best": ranked[0], "data_hash": data, "n_items": 2, "n_photos": 2}
    (paths.reports() / "leaderboard.json").write_text(json.dumps({**board, "power": {"ciede2000": 0.8}}))
    (paths.reports() / "leaderboard.md").write_text("| model | ciede2000 |\n")
