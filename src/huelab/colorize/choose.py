"""Finds the trained colorizer to colour with: the champion, or one asked for by name. Reads small JSON files only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huelab import models, paths
from huelab.errors import ModelError, UsageError
from huelab.models.saved import CARD, WEIGHTS

CHAMPION = "champion"

_REMEDY = "`huelab track sync` (or `make run`) finds it again; or name a colorizer with --model"


def resolve(model: str = CHAMPION) -> Path:
    """The folder of a trained colorizer (card.json, weights.safetensors).

    "champion": the registered champion; where none is registered, the best learned colorizer of the leaderboard. Any other name: what
    stage train@NAME made. Raises UsageError for a name that does not exist and ModelError where nothing is trained yet, naming the
    command that trains.
    """
    if model == CHAMPION:
        return _registered() or _leader()
    if not models.known(model):
        names = ", ".join(models.NAMES)
        raise UsageError(f"There is no colorizer {model!r}: choose {CHAMPION}, one of {names}, or a variant that params.yaml names.")
    folder = paths.model(model)
    if not _trained(folder):
        raise ModelError(f"{model} is not trained yet ({folder} holds no card.json): run `make run` or `dvc repro train@{model}`.")
    return folder


def _registered() -> Path | None:
    file = paths.champion()
    record = _json(file)
    if record is None:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("folder"), str):
        raise ModelError(f'{file} does not say where the champion lies (no "folder"): {_REMEDY}.')
    folder = paths.root() / str(record["folder"])
    missing = [name for name in (CARD, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{file} names {folder} as champion, but {' and '.join(missing)} is not there: {_REMEDY}.")
    return folder


def _leader() -> Path:
    file = paths.reports() / "leaderboard.json"
    board = _json(file)
    rows = board.get("rows", []) if isinstance(board, dict) else []
    for row in rows:  # best first
        name = row.get("model") if isinstance(row, dict) else None
        if not isinstance(name, str) or not models.known(name) or name in models.FLOORS or row.get("one_picture"):
            continue
        if _trained(paths.model(name)):
            return paths.model(name)
    raise ModelError(
        f"There is no champion yet: {paths.champion()} does not exist and {file} names no trained colorizer. "
        "Train and compare them with `make run`, or name a trained one with --model."
    )


def _trained(folder: Path) -> bool:
    return (folder / CARD).is_file()


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        remedy = _REMEDY if file == paths.champion() else "run `make run` to write it anew"
        raise ModelError(f"{file} cannot be read ({error}): {remedy}.") from None
