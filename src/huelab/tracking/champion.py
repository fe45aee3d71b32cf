"""var/champion.json and var/champion/: who is champion now, with copies that no `dvc repro` replaces and no lost database takes along.

A copy holds card.json, weights.safetensors, README.md (the model card) and scores/ (what later challengers are paired with). Copies of an
older version have the first two only; the rest is added once it is there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.data.replacing import replacing, replacing_file, write_json
from huelab.errors import HuelabError, ModelError
from huelab.evaluation.evaluated import Evaluated
from huelab.models.saved import CARD, WEIGHTS, Saved
from huelab.tracking.registered import Registered

README, SCORES = "README.md", "scores"

HEAVY = ("pictures", "vectors*.npz")
"""What a version in the registry does without; a champion's copy has it."""


@dataclass(frozen=True)
class Source:
    """Where a colorizer's files are taken from."""

    model: Path
    """The folder with card.json and weights.safetensors."""
    scores: Path | None = None
    readme: str = ""

    @classmethod
    def of_work(cls, saved: Saved) -> Source:
        """What the stages made of `saved`; the model card only where it is of these weights."""
        file = paths.model_card(saved.name)
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        return cls(saved.folder, paths.scores(saved.name), text if str(saved.card.get("weights_sha256")) in text else "")

    @classmethod
    def of_copy(cls, folder: Path) -> Source:
        """A champion's copy, or a version from the registry: both are laid out alike."""
        readme, scores = folder / README, folder / SCORES
        return cls(folder, scores if scores.is_dir() else None, readme.read_text(encoding="utf-8") if readme.is_file() else "")


@dataclass(frozen=True)
class Claim:
    """Who is champion by one file, whether or not its weights can still be had."""

    registered: Registered
    why: str
    when: str
    by: str
    """Which file says so."""


def claim(say: Callable[[str], None]) -> Claim | None:
    """What var/champion.json says; None where there is none, or it is damaged, which is said."""
    file = paths.champion()
    try:
        tree = _of_older_version(json.loads(file.read_text(encoding="utf-8")))
        registered = Registered.from_tree(tree)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:150]
        say(f"{file} is damaged ({why}): {paths.promotions().name}, or else the registry, says who is champion")
        return None
    return Claim(registered, str(tree.get("why", "")), str(tree.get("when", "")), file.name)


def _of_older_version(tree: Any) -> Any:
    """Earlier champion.json name their content only in the folder's name, and the weights only in the card there."""
    if not isinstance(tree, dict) or "content" in tree or not isinstance(tree.get("folder"), str):
        return tree
    folder = paths.root() / tree["folder"]
    found = {**tree, "content": folder.name.removeprefix(f"{tree.get('model')}-")}
    try:
        card = Saved.open(folder).card
    except ModelError:
        return found
    return {**found, "weights": card.get("weights_sha256", ""), "data_hash": card.get("data_hash", "")}


def write(registered: Registered, *, folder: Path, why: str, when: str) -> None:
    """Says in var/champion.json who is champion; whoever colours reads it each time."""
    record = {**registered.tree(), "folder": str(folder.relative_to(paths.root())), "why": why, "when": when}
    with replacing_file(paths.champion()) as file:
        write_json(file, record)


def copy_of(registered: Registered) -> Path | None:
    """The whole copy of that colorizer under var/champion, also where its scores were others then; None if there is none."""
    own = paths.champion_copy(f"{registered.model}-{registered.content}")
    if not problem(own):
        return own
    others: Iterable[Path] = sorted(own.parent.glob(f"{registered.model}-*")) if registered.weights else ()
    return next((folder for folder in others if _weights(folder) == registered.weights and not problem(folder)), None)


def problem(folder: Path) -> str:
    """What is wrong with the colorizer in `folder`, in a sentence; "" if its card and weights are whole and belong together."""
    try:
        expected = Saved.open(folder).card.get("weights_sha256")
        found = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except ModelError as error:
        return str(error).rpartition(": ")[0]  # what follows is what to do about a colorizer of the stages
    except OSError as error:
        return f"{folder / WEIGHTS} cannot be read ({error.strerror})"
    return "" if found == expected else f"{folder / WEIGHTS} is not the file its {CARD} was written for"


def _weights(folder: Path) -> str:
    try:
        return str(Saved.open(folder).card.get("weights_sha256", ""))
    except ModelError:
        return ""


def keep(registered: Registered, source: Source) -> Path:
    """Copies the colorizer to var/champion, whole or not at all; adds model card and scores to a copy that lacks them. Gives the folder.

    Raises ModelError where the files in `source` are not whole.
    """
    folder = paths.champion_copy(f"{registered.model}-{registered.content}")
    if problem(folder):
        with replacing(folder) as new:
            fill(new, source)
        return folder
    if source.readme and source.readme != Source.of_copy(folder).readme:
        with replacing_file(folder / README) as file:
            file.write_text(source.readme, encoding="utf-8")
    if source.scores is not None and not (folder / SCORES).is_dir():
        with replacing(folder / SCORES) as new:
            shutil.copytree(source.scores, new, dirs_exist_ok=True)
    return folder


def fill(folder: Path, source: Source, *, without: Iterable[str] = ()) -> None:
    """Writes card, weights, model card and scores into an existing `folder`, as far as `source` has them; `without` these of the scores."""
    if why := problem(source.model):
        raise ModelError(f"{why}: train it again with `dvc repro`, or fetch it with `dvc pull`.")
    for name in (CARD, WEIGHTS):
        shutil.copyfile(source.model / name, folder / name)
    if source.readme:
        (folder / README).write_text(source.readme, encoding="utf-8")
    if source.scores is not None:
        shutil.copytree(source.scores, folder / SCORES, ignore=shutil.ignore_patterns(*without))


def evaluated(registered: Registered, scores: Path | None) -> Evaluated | None:
    """The scores of a colorizer, photograph by photograph; None where they are gone or damaged."""
    try:
        return None if scores is None else Evaluated.read(registered.model, scores)
    except HuelabError:
        return None
