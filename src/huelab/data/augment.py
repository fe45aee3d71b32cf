"""What happens to a training picture before it becomes Lab: flips, rotation, zoom, shear, and mild changes of tone, by Albumentations.

Drawn per (seed, epoch, index), never from a stream: Albumentations 2.0.8 gives every loader process the same stream, and every epoch
that of the first.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from huelab import params
from huelab.data.copies import Copies
from huelab.data.replacing import write_json
from huelab.errors import DataError

Key = tuple[int, int, int]
"""Seed, epoch and index of the picture in its store. Epochs below zero draw the written copies."""


class Policy:
    """An augmentation, and its JSON: the settings of params.yaml and the Albumentations pipeline made of them, in full."""

    def __init__(self, settings: dict[str, Any], transform: dict[str, Any], copies: Copies | None = None) -> None:
        self.settings = settings
        self.transform = transform
        self.copies = copies
        """Augmented pictures written beforehand, which training then takes instead of drawing new ones."""
        self._pipeline: Any = None

    @classmethod
    def from_params(cls, settings: params.Augment) -> Policy:
        """The policy that the section `augment` of params.yaml asks for."""
        import albumentations as A

        pipeline = _pipeline(settings)
        return cls(settings.model_dump(), {"library": f"albumentations {A.__version__}", **A.to_dict(pipeline)["transform"]})

    @classmethod
    def load(cls, path: Path) -> Policy:
        """The policy saved at `path`, with the copies beside it. Raises DataError where there is none, or a damaged one."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            copies = Copies.open(path.parent) if content["settings"]["copies"] else None
            return cls(content["settings"], content["transform"], copies)
        except FileNotFoundError:
            raise DataError(f"{path} does not exist yet: run `dvc repro augment`.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged ({error}): delete it and run `dvc repro augment`.") from None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pipeline": None}  # a loader process builds its own

    @property
    def changes_nothing(self) -> bool:
        """True where every probability is zero."""
        return not any(self.settings[name] for name in ("flip", "affine", "tone"))

    def save(self, path: Path) -> None:
        """Writes it as JSON to be read by people, too."""
        write_json(path, {"settings": self.settings, "transform": self.transform})

    def apply(self, rgb: NDArray[np.uint8], mask: NDArray[np.uint8], *, key: Key) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`rgb` (h, w, 3) sRGB and `mask` (h, w), 1 where there is content, changed as `key` draws; the mask follows the geometry."""
        if self.changes_nothing:
            return rgb, mask
        if self._pipeline is None:
            self._pipeline = _from_dict(self.transform)
        self._pipeline.set_random_seed(_seed(key))
        if mask.all():  # borders are reflected, so content stays content everywhere
            return self._pipeline(image=rgb)["image"], mask
        done = self._pipeline(image=rgb, mask=mask)
        return done["image"], done["mask"]


def _seed(key: Key) -> int:
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=4).digest(), "little")


def _pipeline(settings: params.Augment) -> Any:
    import albumentations as A
    import cv2

    geometric = A.Affine(
        scale=(1 - settings.zoom, 1 + settings.zoom),
        rotate=(-settings.rotate, settings.rotate),
        shear={"x": (-settings.shear, settings.shear), "y": (-settings.shear, settings.shear)},
        keep_ratio=True,
        border_mode=cv2.BORDER_REFLECT_101,
        p=settings.affine,
    )
    light = A.RandomBrightnessContrast(brightness_limit=settings.brightness, contrast_limit=settings.contrast, p=1)
    gamma = A.RandomGamma(gamma_limit=(100 * (1 - settings.gamma), 100 * (1 + settings.gamma)), p=1)
    return A.Compose([A.HorizontalFlip(p=settings.flip), geometric, A.OneOf([light, gamma], p=settings.tone)])


def _from_dict(transform: dict[str, Any]) -> Any:
    import albumentations as A

    version = str(transform["library"]).split()[-1]
    return A.from_dict({"__version__": version, "transform": {key: value for key, value in transform.items() if key != "library"}})
