"""The sections of params.yaml, one frozen class each: keys, defaults, bounds. `huelab.params` reads and checks the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from huelab.params_reading import nearest

Split = Literal["train", "val", "test"]


class Section(BaseModel):
    """A part of params.yaml: frozen, and a key it does not know is an error."""

    # not strict: PyYAML reads 1e-3 as text, DVC's parser as a number; the lax mode accepts both
    model_config = ConfigDict(frozen=True, extra="forbid")


def _default_metrics() -> tuple[str, ...]:
    from huelab import metrics

    return metrics.default_names()


def known_once(chosen: tuple[str, ...], known: Sequence[str], kind: str) -> tuple[str, ...]:
    """`chosen`, if it names each of `known` at most once and at least one; else ValueError in a user's words."""
    if not chosen:
        raise ValueError(f"found an empty list; name at least one {kind} of {', '.join(known)}")
    for name in chosen:
        if name not in known:
            raise ValueError(f"there is no {kind} {name!r}{nearest(name, known)}; allowed: {', '.join(known)}")
        if chosen.count(name) > 1:
            raise ValueError(f"{name!r} stands in the list more than once: name each {kind} once")
    return chosen


class Inspect(Section):
    """What a photograph must be to take part."""

    min_side: int = Field(32, ge=1, description="pixels of the shorter side")
    max_aspect: float = Field(4.0, ge=1, description="longer side over shorter side")
    max_pixels: int = Field(120_000_000, ge=1, description="more than this is treated as a decompression bomb")
    min_chroma: float = Field(2.0, ge=0, description="95th percentile of CIE chroma; a photograph below it is gray")
    near_duplicate_bits: int = Field(4, ge=0, le=16, description="perceptual hashes (64 bit) that differ in at most so many bits")
    mostly: float = Field(0.9, gt=0, le=1, description="share of rows that must pass the soft expectations")
    max_rejected: float = Field(0.5, ge=0, le=1, description="the stage fails when more than this share of the files is unusable")


class SplitParams(Section):
    """Which pictures train, validate and test."""

    by: Literal["photo", "folder", "region"] = "photo"
    seed: int = Field(0, ge=0)
    val: float = Field(0.15, gt=0, lt=0.5, description="share of photographs (or regions) for validation")
    test: float = Field(0.15, gt=0, lt=0.5, description="share for the scores")
    region_side: int = Field(384, ge=64, description="split.by region: the shorter side is scaled to this before it is cut into tiles")


class Standardize(Section):
    """How photographs become equal pictures."""

    size: int = Field(64, ge=16, le=1024, description="pixels of a side of the stored square")
    ratio: Literal["crop", "pad", "stretch"] = "crop"
    shard: int = Field(1024, ge=1, description="pictures in one .npy file")
    workers: int = Field(0, ge=0, description="processes; 0 takes every core")
    gallery: int = Field(8, ge=0, le=64, description="whole photographs kept to illustrate")
    gallery_side: int = Field(512, ge=32, le=2048, description="longer side of those, in pixels")


class Augment(Section):
    """Geometric and mild tonal changes, applied to RGB before Lab. Probabilities, and bounds of the changes."""

    flip: float = Field(0.5, ge=0, le=1, description="probability of a horizontal flip")
    affine: float = Field(0.3, ge=0, le=1, description="probability of rotation, zoom and shear")
    rotate: float = Field(20.0, ge=0, le=180, description="degrees, either way")
    zoom: float = Field(0.2, ge=0, lt=1)
    shear: float = Field(10.0, ge=0, lt=90, description="degrees, either way")
    tone: float = Field(0.3, ge=0, le=1, description="probability of a change of brightness, contrast or gamma")
    brightness: float = Field(0.1, ge=0, lt=1)
    contrast: float = Field(0.1, ge=0, lt=1)
    gamma: float = Field(0.1, ge=0, lt=1)
    copies: int = Field(0, ge=0, le=100, description="augmented copies written per training picture; 0 augments while training only")


class Train(Section):
    """What all learned colorizers share while they train."""

    seeds: tuple[int, ...] = Field((0,), description="every learned colorizer trains once per seed; the first is the one that colours")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    channels_last: Literal["auto", True, False] = "auto"
    threads: int = Field(0, ge=0, description="CPU threads; 0 takes every core. Weights are bit-identical for equal threads")
    workers: int = Field(0, ge=0, description="loader processes; 0 is the fastest with the memory-mapped store")
    clip_norm: float = Field(1.0, ge=0, description="gradient norm is clipped to this; 0 leaves it")
    checkpoint_seconds: float = Field(30.0, gt=0, description="a resumable checkpoint is written at least so often")
    patience: int = Field(0, ge=0, description="epochs without a better validation score before training stops; 0 never stops early")

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError(f"found {list(seeds)}; allowed: one or more different whole numbers from 0, such as [0, 1, 2]")
        return seeds

    @property
    def seed(self) -> int:
        """The first seed: of the run that colours photographs."""
        return self.seeds[0]


class Budget(Section):
    """Equal terms: one budget for every learned colorizer, instead of the steps in its own section. At most one of the three is set."""

    steps: int = Field(0, ge=0, description="optimizer steps; 0: not set")
    epochs: float = Field(0, ge=0, description="times every training picture is seen; 0: not set")
    seconds: float = Field(0, ge=0, description="of training, without validation; the result then depends on the machine; 0: not set")

    @model_validator(mode="after")
    def _one_at_most(self) -> Budget:
        found = {key: value for key, value in self.model_dump().items() if value}
        if len(found) > 1:
            raise ValueError(
                f"found {', '.join(f'{key} {value:g}' for key, value in found.items())}; set at most one of them, the rest to 0"
            )
        return self


class Pretrain(Section):
    """The classifier that learns the photographs' folder names: `backbone: self` of fusion, koala and the perceptual loss."""

    steps: int = Field(0, ge=0, description="optimizer steps; 0: not trained, since no colorizer in use looks through it")
    batch: int = Field(64, ge=2)
    lr: float = Field(1e-3, gt=0, description="learning rate at its highest")
    width: float = Field(1.0, gt=0, le=4, description="channel counts times this")


class Evaluate(Section):
    """How the test split is scored."""

    metrics: tuple[str, ...] = Field(default_factory=_default_metrics)
    batch: int = Field(16, ge=1)
    pictures: int = Field(48, ge=0, description="colourized test pictures kept as PNG")

    @field_validator("metrics")
    @classmethod
    def _known(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        from huelab import metrics

        return known_once(chosen, metrics.names(), "metric")


class Compare(Section):
    """The leaderboard."""

    sort: str = "ciede2000"
    interval: Literal["bca", "percentile"] = "bca"
    draws: int = Field(10_000, ge=100, description="bootstrap draws over photographs; sign flips of the paired test")
    costly_draws: int = Field(100, ge=20, description="draws of metrics that compare distributions (FID)")
    confidence: float = Field(0.95, gt=0.5, lt=1)
    seed: int = Field(0, ge=0)
    rows: int = Field(8, ge=1, le=100, description="photographs on the contact sheet")


class Registry(Section):
    """MLflow names, and when a challenger becomes champion."""

    experiment: str = "huelab"
    model: str = "huelab-colorizer"
    metric: str = "ciede2000"
    min_improvement: float = Field(0.0, ge=0, description="paired gain over the champion that must be exceeded, in the metric's unit")
    veto: tuple[str, ...] = Field(
        ("ssim", "delta_colorfulness", "lpips_alex"), description="metrics in which a challenger must not be shown to be worse"
    )
    human: bool = Field(True, description="a survey that covers both must not show the challenger to fool people less often")
    auto: bool = Field(True, description="whether `make run` promotes by this rule; `huelab promote` always may")
    new_data: Literal["replace", "keep"] = Field(
        "replace",
        description="where the photographs changed and the champion cannot be scored on them: the best of the new replaces it, or not",
    )

    @field_validator("veto")
    @classmethod
    def _known(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        from huelab import metrics

        return known_once(chosen, metrics.names(), "metric") if chosen else chosen


class SurveyParams(Section):
    """Pictures that are rendered for surveys."""

    models: tuple[str, ...] = Field((), description="whose pictures; empty: of every learned colorizer that knows more than one picture")
    photographs: int = Field(40, ge=0, description="test pictures for main and catch trials; 0: no survey")
    practice: int = Field(8, ge=0, description="others for practice trials")
    side: int = Field(256, ge=64, le=1024, description="pixels of the longer side")
    real_roundtrip: bool = Field(True, description="the real picture's colours are as coarse as a network's; else sharpness is judged")
    catch: Literal["hue", "random"] = Field("hue", description="what is wrong with catch pictures: hues turned, or random patches")
    seed: int = Field(0, ge=0)


class ColorizerParams(Section):
    """Base of every colorizer's own section."""


class LearnedParams(ColorizerParams):
    """What every colorizer that trains has."""

    width: float = Field(1.0, gt=0, le=4, description="channel counts times this; 1 is as published")
    steps: int = Field(1000, ge=1, description="optimizer steps")
    batch: int = Field(16, ge=1)
    lr: float = Field(1e-3, gt=0, description="learning rate")
