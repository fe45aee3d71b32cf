"""What a colorizer gives for the pictures of the store: photograph and ab side by side, padding cropped away. Floors need no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import lab
from huelab.data.resize import network_size, resize
from huelab.data.store import GalleryPicture, Store
from huelab.errors import ModelError
from huelab.evaluation.shuffling import donors
from huelab.models import windows
from huelab.models.saved import Saved
from huelab.params import Split

Float = NDArray[np.float32]
UInt8 = NDArray[np.uint8]
Predictor = Callable[[Float], Float]
"""L (n, h, w) in 0..100 -> ab (n, h, w, 2) in CIE units; asked for confidence, a net of bins appends it as a third plane, 0..1."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """One picture of the store: its index there, the photograph (h, w, 3) and the predicted ab (h, w, 2), not yet clamped to the gamut."""

    index: int
    rgb: UInt8
    ab: Float
    confidence: Float | None = None
    """(h, w) how sure the net was of each pixel's colour, 0..1 (see Colorizer.with_confidence); None where the net gives no bins."""


def predictor(saved: Saved, *, device: str = "auto", confidence: bool = False) -> Predictor:
    """The colorizer as a function of lightness; constant colour for the floors gray and mean, torch on `device` for all others.

    `device`: auto (CUDA where there is one), cpu or cuda. `confidence`: also how sure it is, where its net gives bins.
    """
    if saved.name == "gray":
        return constant(0.0, 0.0)
    if saved.name == "mean":
        mean = saved.card.get("mean_ab")
        if not isinstance(mean, list) or len(mean) != 2:
            raise ModelError(f"{saved.folder}/card.json: mean_ab is {mean!r}, expected two numbers: run `dvc repro train@mean`.")
        return constant(float(mean[0]), float(mean[1]))
    import torch

    from huelab.models.colorizer import Colorizer

    where = torch.device("cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu")
    colorizer = saved.colorizer().to(where)
    colours: Callable[..., torch.Tensor] = colorizer
    if confidence and isinstance(colorizer, Colorizer) and colorizer.gives_bins:
        colours = colorizer.with_confidence

    def predict(L: Float) -> Float:
        with torch.inference_mode():
            ab = colours(torch.from_numpy(np.array(L, np.float32)[:, None]).to(where))
        return np.ascontiguousarray(ab.float().cpu().numpy().transpose(0, 2, 3, 1))

    return predict


def constant(a: float, b: float) -> Predictor:
    """The same colour everywhere."""
    return lambda L: np.broadcast_to(np.array([a, b], np.float32), (*L.shape, 2))


def over_split(saved: Saved, store: Store, split: Split, *, batch: int, device: str = "auto", seed: int = 0) -> Iterator[Prediction]:
    """Every picture of a split in the store's order, with confidence where the net gives it.

    `seed` decides whose colours the floor `shuffled` borrows.
    """
    indices = store.indices(split)
    if saved.name == "shuffled":
        yield from _shuffled(store, indices, seed)
        return
    predict = predictor(saved, device=device, confidence=True)
    for start in range(0, len(indices), batch):
        part = indices[start : start + batch]
        rgb = store.read(part)
        predicted = predict(lab.lightness(rgb))
        for index, picture, ab, (top, left, height, width) in zip(part, rgb, predicted, store.boxes(part), strict=True):
            content = (slice(top, top + height), slice(left, left + width))
            sure = ab[content][..., 2] if ab.shape[-1] > 2 else None
            yield Prediction(int(index), picture[content], ab[content][..., :2], sure)


def over_gallery(saved: Saved, store: Store, *, device: str = "auto") -> Iterator[tuple[GalleryPicture, UInt8, Float]]:
    """Every gallery photograph (h, w, 3) with ab (h, w, 2) predicted at the scale of training. `shuffled` borrows from the next one."""
    gallery = store.gallery()
    if saved.name == "shuffled":
        for number, picture in enumerate(gallery):
            rgb, other = picture.rgb(), gallery[(number + 1) % len(gallery)].rgb()
            yield picture, rgb, _borrowed(other, rgb, turned=len(gallery) == 1)
        return
    predict = predictor(saved, device=device)
    for picture in gallery:
        rgb = picture.rgb()
        seen = resize(rgb, *network_size(rgb.shape[0], rgb.shape[1], saved.photograph_side))
        L = lab.lightness(seen)
        ab = windows.predict(predict, L, saved.size) if saved.in_windows and not saved.floor else predict(L[None])[0]
        if seen.shape != rgb.shape:
            ab = np.asarray(cv2.resize(np.ascontiguousarray(ab), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
        yield picture, rgb, ab


def _shuffled(store: Store, indices: NDArray[np.int64], seed: int) -> Iterator[Prediction]:
    photographs = store.items["photo_id"].to_numpy()[indices]
    givers = indices[donors(photographs, seed=seed)]
    for index, giver in zip(indices, givers, strict=True):
        rgb, other = (_content(store, int(place)) for place in (index, giver))
        yield Prediction(int(index), rgb, _borrowed(other, rgb, turned=index == giver))


def _content(store: Store, index: int) -> UInt8:
    top, left, height, width = store.boxes([index])[0]
    return store.read([index])[0, top : top + height, left : left + width]


def _borrowed(giver: UInt8, taker: UInt8, *, turned: bool) -> Float:
    """The giver's ab at the taker's size; upside down where a lone picture can only borrow from itself."""
    ab = lab.rgb_to_lab(giver)[..., 1:]
    if turned:
        ab = ab[::-1, ::-1]
    if ab.shape[:2] == taker.shape[:2]:
        return np.ascontiguousarray(ab)
    return np.asarray(cv2.resize(np.ascontiguousarray(ab), taker.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
