"""A trained colorizer on disk: weights.safetensors and card.json. Reading the card needs no torch; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from huelab import models
from huelab.data.replacing import replacing_file
from huelab.errors import ModelError
from huelab.models.info import Info
from huelab.params import ColorizerParams

if TYPE_CHECKING:
    from torch import Tensor, nn

CARD = "card.json"
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Saved:
    """One colorizer's folder, its card read and checked."""

    folder: Path
    card: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Saved:
        """Reads `folder`/card.json; raises ModelError where there is none, or none of a colorizer we know."""
        file = folder / CARD
        try:
            card = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelError(f"{folder} holds no trained colorizer (no {CARD}): train one with `make run` or `dvc repro`.") from None
        except (OSError, ValueError) as error:
            raise ModelError(f"{file} cannot be read ({error}): train the colorizer again with `dvc repro`.") from None
        if not isinstance(card, dict) or not isinstance(card.get("name"), str) or not isinstance(card.get("params"), dict):
            raise ModelError(f"{file} is not the card of a colorizer (no name or params in it): train it again with `dvc repro`.")
        if not models.known(card["name"]):
            raise ModelError(f"{file} is of colorizer {card['name']!r}, which this version does not know: {', '.join(models.NAMES)}.")
        return cls(folder, card)

    @property
    def name(self) -> str:
        """Which colorizer it is, e.g. "beta"."""
        return str(self.card["name"])

    @property
    def floor(self) -> bool:
        """Whether it is a floor, which has no weights."""
        return self.name in models.FLOORS

    @property
    def one_picture(self) -> str:
        """Name of the gallery photograph it memorised; "" for a colorizer that generalises."""
        return str(self.card.get("one_picture", ""))

    @property
    def size(self) -> int:
        """Pixels of a side of the pictures it was trained on."""
        return int(self.card["size"])

    @property
    def photograph_side(self) -> int:
        """Pixels of a whole photograph's shorter side at the scale of the pictures it was trained on: how it should see one."""
        return int(self.card.get("photograph_side", self.size))

    @property
    def in_windows(self) -> bool:
        """Whether it learned on parts of photographs and must be shown a whole one in windows of `size`."""
        return self.photograph_side > self.size and not self.one_picture

    @property
    def weights(self) -> Path:
        """The safetensors file; absent for a floor."""
        return self.folder / WEIGHTS

    @property
    def info(self) -> Info:
        """The facts its model file states now."""
        info: Info = models.module(self.name).INFO
        return info

    @property
    def params(self) -> ColorizerParams:
        """The section of params.yaml it was trained with; raises ModelError where this version cannot read it."""
        try:
            section: ColorizerParams = models.module(self.name).Params.model_validate(self.card["params"])
        except ValidationError as error:
            problem = error.errors()[0]
            key = ".".join(map(str, problem["loc"]))
            raise ModelError(f"{self.folder / CARD}: params.{key}: {problem['msg']}: train {self.name} again with `dvc repro`.") from None
        return section

    def colorizer(self) -> nn.Module:
        """A torch module in eval mode: `colorizer(L)` maps L (N, 1, H, W) in 0..100 to ab (N, 2, H, W) in CIE units, any H, W.

        Raises ModelError where the weights are missing, truncated, pickled, of another architecture or not those the card describes, and
        for the floor `shuffled`, which needs another photograph.
        """
        from huelab.models.colorizer import Colorizer, Constant

        if self.name == "shuffled":
            raise ModelError(
                "The floor `shuffled` borrows another photograph's colours, so it cannot colour one by itself: choose another."
            )
        if self.floor:
            a, b = self.card.get("mean_ab") or (0.0, 0.0)
            return Constant((float(a), float(b))).eval()
        net = models.build(self.name, self.params, size=self.size, backbone=self._backbone(), classes=len(self.card.get("classes") or ()))
        state = self._state()
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            what = " ".join(str(error).split())[:300]
            raise ModelError(f"{self.weights} does not fit the network {CARD} describes ({what}): train {self.name} again.") from None
        return Colorizer(net, temperature=float(getattr(self.params, "temperature", 1.0))).eval()

    def _backbone(self) -> nn.Module | None:
        """The classifier inside the colorizer, without weights: they lie with the colorizer's own."""
        if "backbone" not in self.info.needs:
            return None
        from huelab import backbones

        return backbones.skeleton(self.card["backbone"])

    def _state(self) -> dict[str, Tensor]:
        import safetensors.torch
        from safetensors import SafetensorError

        try:
            content = self.weights.read_bytes()
            state: dict[str, Tensor] = safetensors.torch.load(content)
        except FileNotFoundError:
            raise ModelError(f"{self.weights} is missing: fetch it with `dvc pull` or train {self.name} with `dvc repro`.") from None
        except (OSError, SafetensorError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
            raise ModelError(
                f"{self.weights} is not a whole safetensors file ({why}). Other formats, pickled ones above all, are never loaded: "
                f"train {self.name} again with `dvc repro`."
            ) from None
        expected = self.card.get("weights_sha256")
        if hashlib.sha256(content).hexdigest() != expected:
            raise ModelError(f"{self.weights} is not the file {CARD} was written for (its sha256 is another): train {self.name} again.")
        return state


def save(folder: Path, card: Mapping[str, Any], state: Mapping[str, Tensor] | None = None) -> Saved:
    """Writes weights.safetensors (unless `state` is None) and then card.json into `folder`, each whole or not at all.

    `card` holds name, params and what else is known; info and weights_sha256 are added here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = ""
    if state is not None:
        import safetensors.torch

        content = safetensors.torch.save({key: value.detach().cpu().contiguous() for key, value in state.items()})
        digest = hashlib.sha256(content).hexdigest()
        _write(folder / WEIGHTS, content)
    whole = {**card, "info": asdict(models.module(card["name"]).INFO), "weights_sha256": digest}
    _write(folder / CARD, (json.dumps(whole, indent=2, sort_keys=True) + "\n").encode())
    return Saved.open(folder)


def _write(file: Path, content: bytes) -> None:
    with replacing_file(file) as new:
        new.write_bytes(content)
