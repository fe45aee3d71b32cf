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
    note = _note()
    if not note.exists():
        _remove(_aside())  # an exchange that was done but for the sweeping
        return False
    told = json.loads(note.read_text(encoding="utf-8"))
    record, data = paths.data_record(), paths.data()
    if not told["had_data"]:
        _remove(data)
    elif os.path.lexists(_aside()):
        _remove(data)
        os.rename(_aside(), data)
    if told["record"] is None:
        record.unlink(missing_ok=True)
    else:
        _write(record, told["record"])
    note.unlink()
    return True


@contextmanager
def exchange() -> Iterator[None]:
    """Inside, data/ and data.dvc are out of the way and new ones can be made; an error there brings the old ones back."""
    recover()
    record, data = paths.data_record(), paths.data()
    had_data = os.path.lexists(data)
    told = {"had_data": had_data, "record": record.read_text(encoding="utf-8") if record.exists() else None}
    _write(_note(), json.dumps(told))
    try:
        if had_data:
            os.rename(data, _aside())
        record.unlink(missing_ok=True)
        yield
    except BaseException:
        recover()
        raise
    _note().unlink()  # from here on the new ones stand
    _remove(_aside())


def _note() -> Path:
    return paths.root() / "data-exchange.json.tmp"


def _aside() -> Path:
    # beside data/, on the same file system: moving is a rename
    return paths.root() / "data-before.tmp"


def _write(file: Path, text: str) -> None:
    temporary = file.with_name(file.name + ".writing.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, file)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
