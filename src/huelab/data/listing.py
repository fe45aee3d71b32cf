"""Every file of a folder, in a fixed order, whatever its name; nothing is left out without being counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from huelab.data.photo import printable
from huelab.errors import DataError

_DROPPINGS = {b".ds_store", b"thumbs.db", b"desktop.ini", b"ehthumbs.db", b".gitignore", b".gitkeep", b"icon\r"}
_DROPPING_FOLDERS = {b"__macosx", b".git", b".spotlight-v100", b".trashes", b".fseventsd", b"@eadir"}
_NOTES = {b"attribution", b"copying", b"copyright", b"credits", b"licence", b"license", b"readme"}
_NOTE_SUFFIXES = {b"", b".md", b".pdf", b".rst", b".txt"}


@dataclass(frozen=True)
class Found:
    """One file, or one folder that could not be opened (`problem` says why)."""

    file: bytes
    """Relative path as the operating system spells it; to reopen."""
    problem: str = ""

    @property
    def path(self) -> str:
        """Relative path as one line of text with /: bytes that are not UTF-8 and control characters are escaped."""
        return printable(self.file.replace(os.fsencode(os.sep), b"/"))


@dataclass(frozen=True)
class Listing:
    """What a folder holds: `found` in order of path, and `ignored`, what lies beside photographs and was never meant as one."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...]


def is_dropping(name: bytes) -> bool:
    """Whether an operating system made a file of this name for itself (.DS_Store, Thumbs.db, AppleDouble ._name…)."""
    return name.lower() in _DROPPINGS or name.startswith(b"._")


def is_note(name: bytes) -> bool:
    """Whether a file of this name tells about the photographs beside it (README, LICENSE, ATTRIBUTION…): no photograph gone wrong."""
    stem, suffix = os.path.splitext(name.lower())
    return stem in _NOTES and suffix in _NOTE_SUFFIXES


def list_files(folder: Path) -> Listing:
    """Lists `folder` with all below it. Links to files and folders are followed, a folder is entered once.

    Raises DataError where `folder` itself is missing or cannot be opened.
    """
    try:
        with os.scandir(folder):
            pass
    except FileNotFoundError:
        raise DataError(f"{printable(folder)} does not exist: fill it with `huelab data use SRC` or `dvc repro`.") from None
    except OSError as error:
        raise DataError(f"{printable(folder)} cannot be opened: {error.strerror}.") from None
    found: list[Found] = []
    ignored: list[str] = []
    for item, dropped in _walk(os.fsencode(folder), b"", frozenset()):
        if dropped:
            ignored.append(item.path)
        else:
            found.append(item)
    return Listing(tuple(sorted(found, key=lambda item: (item.path, item.file))), tuple(sorted(ignored)))


def _walk(root: bytes, below: bytes, above: frozenset[tuple[int, int]]) -> Iterator[tuple[Found, bool]]:
    """Yields (file, whether it is left out). `above` are the folders on the way here: a link back to one of them is not followed."""
    place = os.path.join(root, below)
    try:
        here = os.stat(place)
        entries = sorted(os.scandir(place), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(below, f"this folder cannot be opened: {error.strerror}"), False
        return
    above = above | {(here.st_dev, here.st_ino)}
    for entry in entries:
        path = os.path.join(below, entry.name)
        if not entry.is_dir():
            yield Found(path), is_dropping(entry.name) or is_note(entry.name)
            continue
        if entry.name.lower() in _DROPPING_FOLDERS:
            yield Found(path), True
            continue
        if entry.is_symlink():
            target = entry.stat()
            if (target.st_dev, target.st_ino) in above:
                yield Found(path, "a link to a folder that holds it"), False
                continue
        yield from _walk(root, path, above)
