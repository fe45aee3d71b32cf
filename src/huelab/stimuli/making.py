"""Stage stimuli: per chosen test picture one real picture, one per model and one catch, with where each comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import params
from huelab.color import lab
from huelab.data import photo
from huelab.data.photographs import Photograph
from huelab.data.replacing import replacing
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.evaluation import pictures, predict
from huelab.models.saved import Saved
from huelab.stimuli import catches, renderer, sharp

Float = NDArray[np.float32]
Predictor = Callable[[Float], Float]


@dataclass(frozen=True)
class Made:
    """What was rendered."""

    practice: int
    main: int
    models: tuple[str, ...]
    largest_lightness_error: float


def make(
    settings: params.SurveyParams,
    store: Store,
    photographs: Sequence[Photograph],
    saved: Sequence[Saved],
    *,
    data: Path,
    out: Path,
    max_pixels: int,
    device: str = "auto",
) -> Made:
    """Writes manifest.json and pictures/SHA256.png to `out`. Raises DataError where a photograph can no longer be read."""
    roles = chosen(store, settings)
    predictors = {one.name: predict.predictor(one, device=device) for one in saved}
    rows: list[dict[str, Any]] = []
    with replacing(out) as folder:
        (folder / "pictures").mkdir()
        for item, role, truth, small in _cut(store, roles, photographs, data, settings.side, max_pixels):
            for kind, model, ab in _variants(truth, small, predictors, settings, item["item_id"]):
                picture = renderer.render(lab.lightness(truth), ab)
                sha256 = hashlib.sha256(picture.png).hexdigest()
                file = f"pictures/{sha256}.png"
                (folder / file).write_bytes(picture.png)
                rows.append(
                    {
                        "photo_id": item["item_id"],
                        "path": item["path"],
                        "label": item["label"],
                        "kind": kind,
                        "model": model,
                        "role": role,
                        "file": file,
                        "sha256": sha256,
                        "width": picture.width,
                        "height": picture.height,
                        "bytes": len(picture.png),
                        "lightness_error": round(picture.lightness_error, 4),
                    }
                )
        whole = {
            "renderer": renderer.name(),
            "data_hash": store.meta["data_hash"],
            "split_by": store.meta["split_by"],
            "protocol": store.meta["protocol"],
            "side": settings.side,
            "real_roundtrip": settings.real_roundtrip,
            "catch": settings.catch,
            "models": {one.name: {"title": one.info.title, "content": str(one.card.get("weights_sha256", ""))} for one in saved},
            "pictures": rows,
        }
        (folder / "manifest.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    counted = [role for _, role in roles]
    errors = [row["lightness_error"] for row in rows]
    return Made(counted.count("practice"), counted.count("main"), tuple(predictors), max(errors, default=0.0))


def chosen(store: Store, settings: params.SurveyParams) -> list[tuple[int, str]]:
    """Index and role (practice or main) of the test pictures to render: by a hash of their ids, those for practice first.

    One of every photograph comes before a second of any. Of fewer pictures than asked for a quarter at most is for practice.
    """
    test = store.items.iloc[store.indices("test")]
    by_id = dict(zip(test["item_id"].astype(str), store.indices("test").tolist(), strict=True))
    order = pictures.in_order(test)[: settings.photographs + settings.practice]
    practice = min(settings.practice, len(order) // 4) if len(order) < settings.photographs + settings.practice else settings.practice
    return [(by_id[item], "practice" if place < practice else "main") for place, item in enumerate(order)]


def _cut(
    store: Store, roles: Sequence[tuple[int, str]], photographs: Sequence[Photograph], data: Path, side: int, max_pixels: int
) -> Iterator[tuple[pd.Series[Any], str, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Item, role, the picture cut sharp from its photograph, and the content of the stored one; photograph by photograph."""
    files = {photograph.photo_id: photograph for photograph in photographs}
    last, rgb = "", np.empty((0, 0, 3), np.uint8)
    for index, role in sorted(roles, key=lambda one: str(store.items["photo_id"].iloc[one[0]])):
        item = store.items.iloc[index]
        if item["photo_id"] != last:
            try:
                last, rgb = str(item["photo_id"]), photo.read(files[str(item["photo_id"])].below(data), max_pixels=max_pixels)[0]
            except (KeyError, photo.UnreadablePhoto) as error:
                why = f"{item['path']} is in the store but can no longer be read below {data} ({error})"
                raise DataError(f"{why}: bring it back, or run `dvc repro inspect`.") from None
        top, left, height, width = store.boxes([index])[0]
        small = store.read([index])[0, top : top + height, left : left + width]
        yield item, role, sharp.cut(rgb, str(item["item_id"]), store.meta, side), small


def _variants(
    truth: NDArray[np.uint8], small: NDArray[np.uint8], predictors: dict[str, Predictor], settings: params.SurveyParams, item: str
) -> Iterator[tuple[str, str, Float]]:
    """Kind, model and ab of every picture of one photograph."""
    planes = lab.rgb_to_lab(small)
    real = planes[..., 1:]
    whole = real if settings.real_roundtrip else lab.rgb_to_lab(truth)[..., 1:]
    seed = int.from_bytes(hashlib.sha256(f"{settings.seed} {item}".encode()).digest()[:8])
    yield "real", "", whole
    yield "catch", "", catches.colours(real, settings.catch, seed=seed)
    for model, predictor in predictors.items():
        ab = predictor(planes[..., 0][None])[0]
        if not np.isfinite(ab).all():
            raise DataError(f"{model} gives colours that are no numbers for {item}: train it again with `dvc repro train@{model}`.")
        yield "model", model, np.asarray(ab, np.float32)
