"""Which files are to be coloured and where each result goes: folders keep their structure, nothing that exists is written over unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huelab.colorize.files import WRITABLE
from huelab.data.listing import list_files
from huelab.data.photo import printable
from huelab.errors import DataError, UsageError

_OTHER_PICTURES = (".gif", ".heic", ".heif", ".jp2", ".tga", ".psd", ".pdf", ".svg", ".ico", ".ppm", ".pgm")


@dataclass(frozen=True)
class Source:
    """One file to colour."""

    path: Path
    relative: Path
    """Where its result goes below the output folder, name ending aside."""
    named: bool
    """Asked for by name, not found in a folder: then it must be a picture."""
    problem: str = ""
    """Why it cannot even be tried."""

    @property
    def looks_like_a_picture(self) -> bool:
        """By its name; only to tell a damaged photograph from a file that lies beside photographs."""
        return self.path.suffix.lower() in (*WRITABLE, *_OTHER_PICTURES)


@dataclass
class Plan:
    """What goes where. Remembers what it has given away, so that no two results get the same name."""

    sources: tuple[Source, ...]
    output: Path
    single: bool
    """`output` is the name of the one result, not a folder."""
    overwrite: bool
    _inputs: set[tuple[int, int]] = field(default_factory=set)
    _given: set[str] = field(default_factory=set)

    def target(self, source: Source, suffix: str) -> Path:
        """The result's path. Raises DataError where that would write over an input, an earlier result or, unasked, any file."""
        if self.single:
            target = self.output
        else:
            # photo.1999 keeps its year: only a picture's ending is replaced
            named = source.relative.with_suffix(suffix) if source.looks_like_a_picture else _longer(source.relative, suffix)
            target = self.output / named
            if _key(target) in self._given:  # scan.gif beside scan.png: both become PNG
                target = self.output / _longer(source.relative, suffix)
            if _key(target) in self._given:
                raise DataError(f"{printable(target)} is the result of another input already: colour the two into different folders.")
        identity = _identity(target)
        if identity in self._inputs:
            raise DataError(f"{printable(target)} is itself an input, and inputs are never written over: choose another output folder.")
        if os.path.lexists(target) and not self.overwrite:
            raise DataError(f"{printable(target)} exists already: choose another folder, or allow overwriting.")
        self._given.add(_key(target))
        return target


def plan(inputs: Sequence[Path], output: Path, *, overwrite: bool) -> Plan:
    """Lists files and folders (recursively, in a fixed order) and decides what `output` is: a file for one file, else a folder.

    Several inputs keep the names of their folders below `output`. Raises UsageError where that cannot work.
    """
    if not inputs:
        raise UsageError("Nothing to colour: name photographs or folders of photographs.")
    one_file = len(inputs) == 1 and not inputs[0].is_dir() and not output.is_dir()
    single = one_file and output.suffix.lower() in WRITABLE
    if one_file and output.suffix.lower() in _OTHER_PICTURES:
        raise UsageError(f"{printable(output)}: {output.suffix} cannot be written; choose one of {', '.join(WRITABLE)}, or a folder.")
    if not single and os.path.lexists(output) and not output.is_dir():
        raise UsageError(f"{printable(output)} is a file: for more than one result, and without a picture's name ending, give a folder.")
    sources = tuple(_unique(source for path in inputs for source in _sources(path, output, several=len(inputs) > 1)))
    if not sources:
        raise DataError(f"There is no file in {', '.join(printable(path) for path in inputs)}: nothing to colour.")
    identities = {identity for source in sources if (identity := _identity(source.path))}
    return Plan(sources, output, single, overwrite, identities)


def _sources(path: Path, output: Path, *, several: bool) -> Iterator[Source]:
    if not path.is_dir():
        yield Source(path, Path(path.name), named=True)
        return
    top = Path(path.resolve().name) if several else Path()
    results, folder = output.resolve(), path.resolve()
    below = results != folder and results.is_relative_to(folder)
    for found in list_files(path).found:
        file = Path(os.fsdecode(found.file))
        inside = path / file
        # earlier results below the folder itself are not photographs to colour
        if below and inside.resolve().is_relative_to(results):
            continue
        yield Source(inside, top / file, named=False, problem=found.problem)


def _unique(sources: Iterator[Source]) -> Iterator[Source]:
    """Each file once, however often it was named."""
    seen: set[str] = set()
    for source in sources:
        key = os.path.abspath(source.path)
        if key not in seen:
            seen.add(key)
            yield source


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _longer(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _key(path: Path) -> str:
    """Two names that some file systems take for one are one."""
    return str(path).casefold()
