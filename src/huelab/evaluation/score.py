"""Scores one colorizer: a table with a row per test picture, a summary, and the colourized pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import metrics, params
from huelab.color import lab
from huelab.data.replacing import replacing, write_json
from huelab.data.store import GalleryPicture, Store
from huelab.errors import ModelError
from huelab.evaluation import collecting, pictures, predict, vectors
from huelab.evaluation.collecting import Collector
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair
from huelab.models.saved import Saved

FACTS = ("model", "item_id", "photo_id", "path", "label", "group", "own_picture")
LISTED = 100
"""Excluded scores named one by one in the summary; beyond that they are only counted."""


def evaluate(
    saved: Saved, store: Store, settings: params.Evaluate, *, out: Path, device: str = "auto", other_seeds: Sequence[Saved] = ()
) -> dict[str, Any]:
    """Writes scores.parquet, summary.json, pictures/ and what `collecting` gathers to `out` and returns the summary.

    With `other_seeds`, the same colorizer trained from other seeds, a picture's scores are the means over all seeds, seeds.parquet holds
    those of each seed, and the pictures are the first's; of a metric that compares distributions the mean is over the seeds' own values.
    A colorizer that memorised one picture is scored on that picture alone, beside gray and mean on the same picture. Raises ModelError when
    the colorizer was trained on another store.
    """
    here = store.meta["data_hash"]
    for one in (saved, *other_seeds):
        if one.card.get("data_hash") != here:
            which = f"{one.name} was trained on data {one.card.get('data_hash')}, but the store holds data {here}"
            raise ModelError(f"{one.folder}: {which}: run `dvc repro train@{one.name}`.")
    chosen = [metrics.metric(name) for name in settings.metrics]
    labels = set(store.items["label"].astype(str))
    not_computed = {metric.name: why for metric in chosen if (why := metric.not_computed(labels))}
    computed = [metric for metric in chosen if metric.name not in not_computed]
    numbers = [one.card.get("seed", place) for place, one in enumerate((saved, *other_seeds))]
    with replacing(out) as folder:
        floors: dict[str, dict[str, float]] = {}
        if saved.one_picture:
            rows, floors = _own_picture(saved, store, computed, device)
            others = [_own_picture(one, store, computed, device)[0] for one in other_seeds]
        else:
            gathered = collecting.collectors(computed, store)
            rows = _test_split(saved, store, computed, settings.batch, device, gathered, folder, settings.pictures)
            others = []
            for one, seed in zip(other_seeds, numbers[1:], strict=True):
                further = collecting.of_further_seed(computed, store, seed)
                others.append(_test_split(one, store, computed, settings.batch, device, further))
                gathered += further
            for collector in gathered:
                collector.write(folder)
        for picture, rgb, ab in predict.over_gallery(saved, store, device=device):
            if np.isfinite(ab).all():
                pictures.write(folder / "pictures" / "gallery" / f"{Path(picture.name).stem}.png", Pair.of(rgb, ab).predicted_rgb)
        table, seeds = _over_seeds([rows, *others], computed)
        table.to_parquet(folder / "scores.parquet", index=False)
        tables = [vectors.read(folder), *(vectors.read(folder, seed) for seed in numbers[1:])]
        summary = summarize(saved.name, table, computed, store.meta, tables)
        summary["seeds"] = {}
        for number, own in enumerate(seeds if others else []):
            own.insert(1, "seed", numbers[number])
            alone = summarize(saved.name, own, computed, store.meta, [tables[number]])
            summary["seeds"][str(numbers[number])] = alone["means"] | alone["set_level"]
        if others:
            pd.concat(seeds).to_parquet(folder / "seeds.parquet", index=False)
        summary |= {"not_computed": not_computed, "one_picture": saved.one_picture, "own_picture_floors": floors}
        write_json(folder / "summary.json", _without_nan(summary))
    return summary


def summarize(
    model: str, table: pd.DataFrame, computed: Sequence[Metric], meta: Mapping[str, Any], seeds: Sequence[vectors.Tables] = ()
) -> dict[str, Any]:
    """Means of paired metrics, values of set-level ones, and which scores were left out because they are NaN or infinite.

    `seeds`: the vectors of each seed, for the metrics that compare distributions.
    """
    values: dict[str, float] = {}
    left_out: dict[str, int] = {}
    named: list[dict[str, str]] = []
    for metric in computed:
        if metric.of_vectors:
            scores = np.full((len(table), 1), math.nan)
            finite = vectors.usable(metric, seeds, len(table))
            values[metric.name] = float(vectors.values(metric, seeds, np.ones((1, len(table))))[0])
        else:
            scores = table[list(metric.columns)].to_numpy(np.float64)
            finite = np.isfinite(scores).all(axis=1)
            means = scores[finite].mean(axis=0) if finite.any() else np.full(scores.shape[1], math.nan)
            values[metric.name] = float(metric.value({name: np.array(mean) for name, mean in zip(metric.columns, means, strict=True)}))
        if not finite.all():
            left_out[metric.name] = int((~finite).sum())
            named += [
                {"metric": metric.name, "item_id": str(item), "path": str(path), "value": str(score)}
                for item, path, score in zip(table["item_id"][~finite], table["path"][~finite], scores[~finite, 0], strict=True)
            ]
    return {
        "model": model,
        "n_items": len(table),
        "n_photos": int(table["photo_id"].nunique()),
        "split_by": meta["split_by"],
        "protocol": meta["protocol"],
        "data_hash": meta["data_hash"],
        "size": meta.get("size"),
        "photograph_side": meta.get("photograph_side"),
        "ratio": meta.get("ratio"),
        "means": {metric.name: values[metric.name] for metric in computed if metric.kind == "paired"},
        "set_level": {metric.name: values[metric.name] for metric in computed if metric.kind == "set"},
        "excluded": left_out,
        "excluded_scores": named[:LISTED],
    }


def _over_seeds(runs: Sequence[list[list[Any]]], computed: Sequence[Metric]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The table of the means over seeds (one that is not finite makes the mean so), and each seed's own."""
    scores = _columns(computed)
    seeds = [pd.DataFrame(rows, columns=[*FACTS, *scores]) for rows in runs]
    table = seeds[0].copy()
    if len(seeds) > 1 and scores:
        table[scores] = np.mean([own[scores].to_numpy(np.float64) for own in seeds], axis=0)
    return table, seeds


def _test_split(
    saved: Saved,
    store: Store,
    computed: Sequence[Metric],
    batch: int,
    device: str,
    gathered: Sequence[Collector] = (),
    folder: Path | None = None,
    keep: int = 0,
) -> list[list[Any]]:
    """The rows of the test pictures; `keep` of the pictures are written below `folder`, and all are shown to the collectors."""
    test = store.items.iloc[store.indices("test")]
    kept = set(pictures.in_order(test)[:keep])
    facts = test[["item_id", "photo_id", "path", "label", "group"]].astype(str).to_numpy().tolist()
    rows = []
    predictions = predict.over_split(saved, store, "test", batch=batch, device=device)
    for fact, prediction in zip(facts, predictions, strict=True):
        pair = _pair(prediction.rgb, prediction.ab, store.prior, fact[3])
        rows.append([saved.name, *fact, False, *_scores(pair, computed)])
        for collector in gathered:
            collector.add(prediction, pair)
        if pair and folder and fact[0] in kept:
            pictures.write(folder / "pictures" / "test" / f"{fact[0]}.png", pair.predicted_rgb)
    return rows


def _own_picture(
    saved: Saved, store: Store, computed: Sequence[Metric], device: str
) -> tuple[list[list[Any]], dict[str, dict[str, float]]]:
    """The row of the memorised picture, and what gray and its own mean colour score on it."""
    picture, rgb = _memorised(saved, store)
    item = f"gallery-{Path(picture.name).stem}"
    predicted = predict.predictor(saved, device=device)
    planes = lab.rgb_to_lab(rgb)
    lightness, ab = planes[..., 0], planes[..., 1:]
    pair = _pair(rgb, predicted(lightness[None])[0], store.prior, picture.label)
    row = [saved.name, item, picture.photo_id, picture.path, picture.label, picture.photo_id, True, *_scores(pair, computed)]
    floors = {}
    for name, (a, b) in {"gray": (0.0, 0.0), "mean": ab.reshape(-1, 2).mean(axis=0, dtype=np.float64)}.items():
        scores = _scores(_pair(rgb, predict.constant(a, b)(lightness), store.prior, picture.label), computed)
        columns = {column: np.array(score) for column, score in zip(_columns(computed), scores, strict=True)}
        floors[name] = {metric.name: float(metric.value(columns)) for metric in computed if not metric.of_vectors}
    return [row], floors


def _memorised(saved: Saved, store: Store) -> tuple[GalleryPicture, NDArray[np.uint8]]:
    for picture in store.gallery():
        if picture.name == saved.one_picture:
            return picture, picture.rgb()
    raise ModelError(
        f"{saved.folder}: {saved.name} memorised gallery picture {saved.one_picture!r}, which the gallery no longer holds: "
        f"run `dvc repro train@{saved.name}`."
    )


def _pair(rgb: NDArray[np.uint8], ab: NDArray[np.float32], prior: NDArray[np.float64], label: str) -> Pair | None:
    """None where the colorizer gave no finite colours."""
    return Pair.of(rgb, ab, prior=prior, label=label) if np.isfinite(ab).all() else None


def _columns(computed: Iterable[Metric]) -> list[str]:
    return list(dict.fromkeys(column for metric in computed for column in metric.columns))


def _scores(pair: Pair | None, computed: Iterable[Metric]) -> list[float]:
    """One number per column; all NaN for a picture that could not be made."""
    of_pair = {column: function for metric in computed for column, function in metric.columns.items()}
    return [function(pair) if pair else math.nan for function in of_pair.values()]


def _without_nan(tree: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    return json.loads(json.dumps(tree), parse_constant=lambda _: None)
