"""params.yaml as it was before an experiment was laid over it, kept: experiments do not pile up on each other, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.data.replacing import replacing_file
from huelab.params_reading import read, read_text


@dataclass(frozen=True)
class Before:
    """What an experiment is laid over."""

    content: str
    """Of params.yaml."""
    experiment: str
    """The experiment whose parameters now stand in params.yaml and are taken off first; "": none."""


def look() -> Before:
    """params.yaml as it stands; or, where it is just what an experiment left there, as it was before that."""
    read(paths.params_file())  # says what is wrong with it
    current = _current()
    try:
        laid = json.loads(_note(current).read_text(encoding="utf-8"))
        return Before(str(laid["before"]), str(laid["experiment"]))
    except (OSError, ValueError, LookupError, TypeError):  # no experiment wrote it, or var/ was cleaned: the file is the user's
        return Before(current, "")


def tree(before: Before) -> Mapping[str, Any]:
    """The parameters of `before`; raises ParamsError where they cannot be read."""
    return read_text(before.content, paths.params_file())


def keep(before: Before) -> Path:
    """Writes the copy from which a user can go back; returns where it lies."""
    copy = paths.params_before_experiment()
    _write(copy, before.content)
    return copy


def put_back(before: Before) -> None:
    """Makes params.yaml what it was before."""
    if before.experiment:
        _write(paths.params_file(), before.content)


def note(before: Before, experiment: str) -> None:
    """Remembers that `experiment` left params.yaml as it now is, also for when `dvc exp apply` brings that back."""
    current = _current()
    if current != before.content:
        _write(_note(current), json.dumps({"experiment": experiment, "before": before.content}))


def _current() -> str:
    with paths.params_file().open(encoding="utf-8", newline="") as stream:  # ends of lines as they are
        return stream.read()


def _note(content: str) -> Path:
    return paths.experiment_note(hashlib.sha256(content.encode()).hexdigest()[:16])


def _write(file: Path, content: str) -> None:
    with replacing_file(file) as new, new.open("w", encoding="utf-8", newline="") as stream:
        stream.write(content)
