"""The backbone `self`: a compact classifier learns the folder names of the training photographs, half of them shown gray."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW

from huelab import paths
from huelab.backbones.compact import Compact, fitting
from huelab.backbones.net import resized
from huelab.color.tensor import lab_to_rgb
from huelab.data.augment import Policy
from huelab.data.dataset import Batch
from huelab.data.replacing import replacing, write_json
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.params import Params
from huelab.training import runtime
from huelab.training.budget import Limit
from huelab.training.preparation import labels_of
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.schedule import factor
from huelab.training.source import Tiles
from huelab.training.stopping import Diverged, Interrupted, TooLarge, out_of_memory, signals_deferred

VALIDATIONS = 10
NAME = "pretrain"
COLUMNS = ("step", "cross_entropy", "val_accuracy", "val_accuracy_gray")


@dataclass(frozen=True)
class Accuracy:
    """Shares of the labelled validation pictures that are named rightly."""

    colour: float
    gray: float
    chance: float
    """Of always giving the most frequent name."""
    pictures: int


def pretrain(settings: Params) -> Path | None:
    """Trains the classifier on work/store and writes weights.safetensors, card.json and history.csv to work/pretrain; gives that folder.

    With `pretrain.steps: 0` it writes a card that says so, and gives None. Raises what `taught` does, Diverged, Interrupted and TooLarge;
    what was there before then stays.
    """
    folder, section = paths.pretrain(), settings.pretrain
    if not section.steps:
        with replacing(folder) as new:
            write_json(new / "card.json", {"off": True})
        return None
    store = Store.open(paths.store())
    names, labels = taught(store)
    source = Tiles(store, Policy.load(paths.augmentation_policy()), settings.train, batch=section.batch)
    chosen = runtime.start(settings.train)
    net = Compact(len(names), width=section.width)
    side = fitting(store.size)
    count = sum(parameter.numel() for parameter in net.parameters())
    display = Display(NAME, Limit(section.steps))
    display.line(f"{NAME}: {len(names)} classes, {count:,} parameters, {section.steps} steps of {section.batch} on {chosen.words}")
    rows, accuracy = _learn(net, labels, source, chosen, settings, side, display)
    card = {
        "classes": list(names),
        "width": section.width,
        "side": side,
        "parameters": count,
        "steps": section.steps,
        "seed": settings.train.seed,
        "accuracy": accuracy.colour,
        "accuracy_gray": accuracy.gray,
        "chance": accuracy.chance,
        "validation_pictures": accuracy.pictures,
        "data_hash": store.meta["data_hash"],
    }
    with replacing(folder) as new:
        state = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
        safetensors.torch.save_file(state, new / "weights.safetensors")
        write_json(new / "card.json", card)
        with (new / "history.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def taught(store: Store) -> tuple[tuple[str, ...], Tensor]:
    """Folder names and labels of the pictures, as `preparation.labels_of`.

    Raises DataError where they teach nothing: no names, one name, a name with a single photograph, or none to validate by.
    """
    names, labels = labels_of(store)
    how = "a photograph's label is the first folder it lies in (cats/1.jpg; below train, val and test where there are such folders)"
    if not names:
        raise DataError(f"The photographs have no labels to learn: {how}. Sort them into folders, then run `huelab data use FOLDER`.")
    photographs = store.items.drop_duplicates("photo_id")["label"].fillna("")
    alone = sorted(str(name) for name, count in Counter(photographs).items() if name and count == 1)
    if alone:
        more = f" (as do {len(alone) - 1} others)" if alone[1:] else ""
        raise DataError(
            f"The folder {alone[0]} holds one photograph{more}: a class needs several, to learn from and to check by. "
            "Add photographs to it, or move its photograph to another folder."
        )
    if len(names) < 2:
        raise DataError(f"All labelled training photographs lie in the folder {names[0]}: there is nothing to tell apart; {how}.")
    if not bool((labels[torch.from_numpy(store.indices("val"))] >= 0).any()):
        raise DataError("No photograph of the validation split has a label: add labelled photographs, or raise split.val in params.yaml.")
    return names, labels


def _learn(
    net: Compact, labels: Tensor, source: Tiles, chosen: Runtime, settings: Params, side: int, display: Display
) -> tuple[list[dict[str, Any]], Accuracy]:
    section = settings.pretrain
    optimizer = AdamW(net.parameters(), lr=section.lr, weight_decay=0.01, fused=True)
    if chosen.channels_last:
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    running, stepping = chosen.fabric.setup(net, optimizer)
    labels = labels.to(chosen.fabric.device)
    pause = max(1, math.ceil(section.steps / VALIDATIONS))
    rows: list[dict[str, Any]] = []
    losses: list[float] = []
    accuracy = Accuracy(0.0, 0.0, 0.0, 0)
    step = 0
    with signals_deferred() as signal_name:
        while step < section.steps:
            for batch in source.training(step // source.steps_per_epoch, step % source.steps_per_epoch):
                for group in optimizer.param_groups:
                    group["lr"] = section.lr * factor("cosine", step / section.steps)
                loss = _loss(running, chosen.here(batch), labels, side)
                stepping.zero_grad(set_to_none=True)
                chosen.fabric.backward(loss)
                stepping.step()
                step += 1
                losses.append(loss.item())
                if not math.isfinite(losses[-1]):
                    raise Diverged(
                        f"{NAME} diverged at step {step} of {section.steps}: lower pretrain.lr in params.yaml, then run it again."
                    )
                display.step(step, len(batch.index), {"cross_entropy": losses[-1]})
                if step % pause == 0 or step == section.steps:
                    accuracy = measured(running, map(chosen.here, source.validation()), labels, side)
                    found = (sum(losses) / len(losses), accuracy.colour, accuracy.gray)
                    rows.append(dict(zip(COLUMNS, (step, *found), strict=True)))
                    losses.clear()
                    display.line(
                        f"{NAME}  step {step}/{section.steps}  validation accuracy {accuracy.colour:.3f}, gray {accuracy.gray:.3f} "
                        f"(chance {accuracy.chance:.3f})  {display.speed(step)}"
                    )
                if name := signal_name():
                    raise Interrupted(f"{name}: {NAME} stopped after step {step} of {section.steps}; nothing of it is kept. Run it again.")
                if step == section.steps:
                    break
    return rows, accuracy


def _loss(net: nn.Module, batch: Batch, labels: Tensor, side: int) -> Tensor:
    """Cross-entropy over the labelled pictures of a batch; every second one, in its random order, is shown gray."""
    ab = batch.ab.clone()
    ab[::2] = 0
    wanted = labels[batch.index]
    try:
        each = F.cross_entropy(net(resized(lab_to_rgb(batch.L, ab), side)).float(), wanted, ignore_index=-1, reduction="sum")
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise TooLarge(
                f"{NAME} needs more memory than there is for {len(ab)} pictures at a time: lower pretrain.batch in params.yaml."
            ) from None
        raise
    return each / (wanted >= 0).sum().clamp_min(1)


@torch.no_grad()
def measured(net: nn.Module, batches: Iterable[Batch], labels: Tensor, side: int) -> Accuracy:
    """How often `net` names the labelled pictures of `batches` rightly, in colour and in gray."""
    net.eval()
    right = {"colour": 0, "gray": 0}
    seen: Counter[int] = Counter()
    for batch in batches:
        wanted = labels[batch.index]
        known = wanted >= 0
        seen.update(wanted[known].tolist())
        for kind, ab in (("colour", batch.ab), ("gray", torch.zeros_like(batch.ab))):
            named = net(resized(lab_to_rgb(batch.L, ab), side)).argmax(1)
            right[kind] += int((named == wanted)[known].sum())
    net.train()
    total = seen.total()
    return Accuracy(right["colour"] / total, right["gray"] / total, max(seen.values()) / total, total)
