"""Which weights a backbone gets: a file, timm's own, those of the stage pretrain, or, asked for by name, random ones."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from huelab import paths
from huelab.backbones import hub, safefile
from huelab.errors import ModelError

SELF = "self"
"""The name of the classifier that the stage pretrain trains on the user's own labelled photographs."""

Pretrained = Literal["auto", True, False]
Kind = Literal["file", "timm", "self", "random"]


@dataclass(frozen=True)
class Source:
    """A backbone and the weights it gets."""

    name: str
    """A timm architecture, or "self"."""
    kind: Kind
    file: Path | None
    """The safetensors file; None for random weights."""
    sha256: str
    """Of that file; "" for random weights."""
    classes: int
    """Numbers in its class vector."""
    words: str
    """For people and tables; names no folder of this machine."""
    width: float = 1.0
    """Of `self`: its channel counts times this."""
    side: int = 0
    """Of `self`: pixels of a side of the pictures it learned on. timm knows that of its own."""

    def facts(self) -> dict[str, Any]:
        """What a model's card keeps, so that `net.skeleton` can build the network again. Without the place of the file."""
        facts = asdict(self)
        del facts["file"]
        return facts


def resolve(backbone: str, pretrained: Pretrained, weights: str, *, key: str) -> Source:
    """The source of `backbone` as params.yaml asks for it; `key` is its section ("colorizers.fusion"), for messages.

    `weights` names a safetensors file, relative to the project or absolute. Without it, pretrained auto: var/weights/BACKBONE.safetensors
    if it is there, else timm's own; True: timm's own (from its local cache, or downloaded); False: random. `self`: work/pretrain.
    Raises ModelError where there is no such backbone, where its weights are missing (says which file to put where), and for a file that is
    pickled, truncated or of another architecture.
    """
    if weights and pretrained != "auto":
        raise ModelError(
            f"{key}.weights names {weights}, and {key}.pretrained is {_yaml(pretrained)}: leave pretrained at auto to use the file."
        )
    if backbone == SELF:
        return _own(pretrained, weights, key)
    config = hub.config(backbone, key=key)
    if pretrained is False:
        return Source(backbone, "random", None, "", int(config.num_classes), "backbone: random")
    if weights:
        named = Path(weights).expanduser()
        file = named if named.is_absolute() else paths.root() / named
        if not file.is_file():
            raise ModelError(f"{key}.weights names {weights}, which is not a file: {hub.advice(backbone, config, key=key)}")
        return _of_file(backbone, config, file, name=named.name if named.is_absolute() else weights, key=key)
    file = paths.backbone_weights(backbone)
    if pretrained == "auto" and file.is_file():
        return _of_file(backbone, config, file, name=file.relative_to(paths.root()).as_posix(), key=key)
    file = hub.fetched(backbone, config, key=key)
    classes = _classes(backbone, config, file, key)
    sha256 = safefile.sha256(file)
    return Source(backbone, "timm", file, sha256, classes, f"backbone: {backbone}, timm's weights {config.tag} (sha256 {sha256[:8]}…)")


def _of_file(backbone: str, config: Any, file: Path, *, name: str, key: str) -> Source:
    classes = _classes(backbone, config, file, key)
    sha256 = safefile.sha256(file)
    return Source(backbone, "file", file, sha256, classes, f"backbone: {backbone}, weights {name} (sha256 {sha256[:8]}…)")


def _classes(backbone: str, config: Any, file: Path, key: str) -> int:
    """How many classes the file tells apart (1000 or, with a background class, 1001); raises ModelError unless it fits the architecture."""
    advice = hub.advice(backbone, config, key=key)
    found = safefile.shapes(file, advice=advice)
    head = found.get(f"{config.classifier}.bias")
    classes = head[0] if head else int(config.num_classes)
    safefile.check(file, found, hub.shapes(backbone, classes), what=f"the architecture {backbone}", advice=advice)
    return classes


def _own(pretrained: Pretrained, weights: str, key: str) -> Source:
    if pretrained is False or weights:
        raise ModelError(
            f"{key}.backbone is self, the classifier that the stage pretrain trains, and takes no other weights. Leave {key}.pretrained at "
            f"auto and {key}.weights empty, or name a timm architecture as {key}.backbone."
        )
    folder = paths.pretrain()
    to_do = "set pretrain.steps (400, say) in params.yaml and run `dvc repro pretrain`"
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        trained = not card.get("off")
        names, width, side = (tuple(card["classes"]), float(card["width"]), int(card["side"])) if trained else ((), 1.0, 0)
    except FileNotFoundError:
        trained, names, width, side = False, (), 1.0, 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder / 'card.json'} is damaged ({error}): run `dvc repro --force --single-item pretrain`.") from None
    file = folder / "weights.safetensors"
    if not trained or not file.is_file():
        raise ModelError(
            f"{key}.backbone is self, but no classifier was trained on your photographs: {to_do}. "
            "It learns the names of the folders they lie in."
        )
    safefile.shapes(file, advice="run `dvc repro --force --single-item pretrain`.")
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    words = f"backbone: self ({len(names)} classes: {shown})"
    return Source(SELF, "self", file, safefile.sha256(file), len(names), words, width, side)


def _yaml(value: object) -> str:
    return str(value).lower()
