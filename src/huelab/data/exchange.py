"""Exchanges data/ and data.dvc as one step: done wholly, or, whatever fails meanwhile (even kill -9), as it was before."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huelab import paths


def recover() -> bool:
    """Undoes an exchange that was cut off; True where there was one. Called before anything looks at data/."""
    if not _note().exists():
        for aside in (_aside(paths.data()), _aside(paths.data_record())):
            _remove(aside)  # an exchange that was done but for the sweeping
        return False
    existed = json.loads(_note().read_text(encoding="utf-8"))
    # only removals and renames: this must work on a full disk
    for place in (paths.data(), paths.data_record()):
        aside = _aside(place)
        if not existed[place.name]:
            _remove(place)
        elif os.path.lexists(aside):
            _remove(place)
            os.rename(aside, place)
    _note().unlink()
    return True


@contextmanager
def exchange() -> Iterator[None]:
    """Inside, data/ and data.dvc are out of the way and new ones can be made; an error there brings the old ones back."""
    recover()
    existed = {place.name: os.path.lexists(place) for place in (paths.data(), paths.data_record())}
    _write_note(json.dumps(existed))
    try:
        for place in (paths.data(), paths.data_record()):
            if existed[place.name]:
                os.rename(place, _aside(place))
        yield
    except BaseException:
        recover()
        raise
    _note().unlink()  # from here on the new ones stand
    recover()


def _note() -> Path:
    return paths.root() / "data-exchange.json.tmp"


def _aside(place: Path) -> Path:
    # beside it, on the same file system: moving is a rename
    return place.with_name(f"{place.name}-before.tmp")


def _write_note(text: str) -> None:
    temporary = _note().with_suffix(".writing.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, _note())
    finally:
        temporary.unlink(missing_ok=True)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
