"""timm's own weights: in its local cache, or downloaded when a run asks for them. Nothing else here uses the network."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from huelab import paths, torchvision_pair
from huelab.backbones.safefile import Shapes
from huelab.errors import ModelError
from huelab.params_reading import nearest

PATIENCE = 5.0
"""Seconds to wait for the hub's first answer. Its client alone would repeat a failed name look-up for half a minute."""


def config(name: str, *, key: str) -> Any:
    """timm's facts about the architecture `name`: hub id, tag, classes, classifier. Raises ModelError for a name it does not know."""
    torchvision_pair.install()
    import timm

    known = timm.is_model(name) and timm.get_pretrained_cfg(name)
    if not known:
        near = nearest(name, timm.list_models())
        raise ModelError(f"{key}.backbone is {name!r}, which timm does not know{near}: name one of timm.list_models(), or self.")
    return known


def shapes(name: str, classes: int) -> Shapes:
    """The tensors of the architecture with that many classes; builds none of them."""
    torchvision_pair.install()
    import timm
    import torch

    with torch.device("meta"):
        net = timm.create_model(name, pretrained=False, num_classes=classes)
    return {key: tuple(value.shape) for key, value in net.state_dict().items()}


def fetched(name: str, config: Any, *, key: str) -> Path:
    """timm's safetensors file of `name`, from the local cache of huggingface_hub or downloaded to it.

    Raises ModelError, within seconds where there is no network, that says which file to put where.
    """
    if not config.hf_hub_id:
        raise ModelError(f"timm publishes no safetensors file for {name}: {advice(name, config, key=key)}")
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    file = config.hf_hub_filename or "model.safetensors"
    kept = try_to_load_from_cache(config.hf_hub_id, file)
    if isinstance(kept, str):
        return Path(kept)
    try:
        if not constants.HF_HUB_OFFLINE:
            _reach(constants.ENDPOINT)
        print(f"downloading {file} of {config.hf_hub_id} for backbone {name}", flush=True)
        return Path(hf_hub_download(config.hf_hub_id, file))
    except Exception as error:  # the client raises those of its HTTP library too, which is not ours to know
        why = " ".join(str(getattr(error, "reason", error)).split())[:120]
        raise ModelError(
            f"{key}: the weights of backbone {name} are not here and could not be downloaded ({why}): {advice(name, config, key=key)}"
        ) from None


def advice(name: str, config: Any, *, key: str) -> str:
    """What someone without those weights can do, on this machine or another."""
    place = paths.backbone_weights(name).relative_to(paths.root()).as_posix()
    file = config.hf_hub_filename or "model.safetensors"
    fetch = f"put {file} of https://huggingface.co/{config.hf_hub_id} at {place}" if config.hf_hub_id else f"put its weights at {place}"
    own = f"set {key}.backbone to self, which the stage pretrain trains on your own labelled photographs"
    random = "" if key.endswith("perceptual") else f"; or ask for random weights by {key}.pretrained: false"
    return f"{fetch}, or name a safetensors file of that architecture in {key}.weights; or {own}{random}."


def _reach(address: str) -> None:
    """Raises OSError unless the server at `address` answers, whatever it says."""
    try:
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return
