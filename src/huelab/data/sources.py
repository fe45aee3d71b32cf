"""Where the photographs come from: `huelab data use | check | status`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from huelab import params, paths
from huelab.data import fetch, tracked, usable
from huelab.data import table as photograph_table
from huelab.data.exchange import exchange, recover
from huelab.data.listing import list_files
from huelab.data.photo import printable
from huelab.errors import DataError, UsageError
from huelab.run_lock import hold

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """What the user pointed at."""

    kind: Literal["starter", "folder", "file", "http", "remote"]
    text: str
    """As data.dvc is to name it: relative inside the project, else absolute, or the URL."""
    path: Path = Path()


def use(src: str, *, say: Say, force: bool = False) -> None:
    """Makes the photographs of `src` the ones that the pipeline runs on. Nothing is changed where anything is wrong.

    Raises UsageError (no such source, a source inside data/), DataError (nothing usable, unsaved files in data/ without `force`, a damaged
    or unsafe archive, a disk that is full, what DVC complains about).
    """
    source = resolve(src)
    params.load()
    with hold("run"):  # a stage that reads data/ must not have it exchanged under its hands
        take(source, say=say, force=force)
    say("Next: dvc repro (or make run).")


def take(source: Source, *, say: Say, force: bool = False) -> None:
    """`use`, for whoever holds the run lock already."""
    rules = params.load()
    if recover():
        say("An earlier change of data/ was cut off; data/ and data.dvc are as they were before it.")
    unsaved = tracked.unsaved()  # fails while a `dvc repro` is at work, also with --force
    if unsaved and not force:
        raise DataError(
            f"{paths.data()} holds files that are saved nowhere else: {usable.some(unsaved)}. Move them away, save them with "
            "`dvc commit data.dvc`, or replace them with --force. Nothing was changed."
        )
    with _no_disk_surprises("Nothing was changed."):
        table = _replace(source, rules, say)
    count = int((table["reject_reason"] == "").sum())
    say(f"data/ now holds {usable.photographs(count)} to work with, from {tracked.without_secrets(source.text)}.")
    for hint in usable.hints(table, rules.split):
        say(hint)


def check(src: str | None, *, say: Say) -> None:
    """Says what `src` (data/ when None) holds and what would be rejected; changes nothing. Raises DataError where it could not be used."""
    rules = params.load()
    if src is None:
        recover()
        _judge(paths.data(), "data/", rules, say)
        return
    source = resolve(src)
    if source.kind in ("starter", "folder"):
        _judge(source.path, source.text, rules, say)
        return
    with _no_disk_surprises("Nothing was changed."), _temporary_folder() as place:
        arrived = place / "photographs"
        arrived.mkdir()
        if source.kind == "remote":
            downloaded = place / fetch.name_in(source.text)
            tracked.run_dvc("get-url", source.text, str(downloaded))
            if downloaded.is_dir():
                arrived = downloaded
            else:
                fetch.fetch_file(downloaded, arrived)
        else:
            _gather(source, arrived, place, say)
        _judge(arrived, tracked.without_secrets(source.text), rules, say)


def status(*, say: Say) -> None:
    """Says where data/ comes from, what it holds and whether anything in it is unsaved."""
    recover()
    data, known = paths.data(), tracked.record()
    if known is None:
        say("There is no data.dvc: choose photographs with `huelab data use SRC`.")
    elif known.starter:
        say("Source: the starter photographs in samples/. `dvc repro` imports them again whenever samples/ changes.")
    elif known.imported:
        state = (
            "frozen: later changes there come with `huelab flow refresh`, or `huelab data use` again"
            if known.frozen
            else "NOT frozen: repro imports it again"
        )
        say(f"Source: {known.source} ({state}).")
    else:
        say(f"Source: {known.source or 'unknown'} (unpacked or copied, then added to DVC).")
    if not data.exists():
        say(f"data/ is not there yet: `dvc {'repro' if known and known.starter else 'checkout data.dvc'}` brings it.")
        return
    count = len(list_files(data).found) if data.is_dir() else 1
    say(f"data/ holds {count} file{'s' if count != 1 else ''}.")
    unsaved = tracked.unsaved()
    if not unsaved:
        say("All of it is as data.dvc records it.")
    elif known is None or known.starter:
        say(f"NOT SAVED, and lost at the next `dvc repro`: {usable.some(unsaved)}.")
        say("Put them into a folder of their own and `huelab data use` that.")
    else:
        say(f"Not yet recorded: {usable.some(unsaved)}. The next `dvc repro` records and uses them.")


def resolve(src: str) -> Source:
    """What `src` is. Raises UsageError where there is nothing there, or where it is the project or data/ itself."""
    scheme = src.partition("://")[0].lower() if "://" in src else ""
    if scheme in ("http", "https"):
        return Source("http", src)
    if scheme == "file":
        src = unquote(urlsplit(src).path)
    elif scheme:
        return Source("remote", src)
    given = Path(src).expanduser()
    if src == "samples" and not given.exists():
        given = paths.samples()
    try:
        path = given.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{printable(src)} cannot be used: {getattr(error, 'strerror', None) or error}.") from None
    root, data = paths.root().resolve(), paths.data().resolve()
    if path == data or data in path.parents:
        raise UsageError(f"{printable(path)} lies in data/, which is about to be replaced: give the folder it came from.")
    if path == root or path in root.parents:
        raise UsageError(f"{printable(path)} holds the project itself: give a folder of photographs.")
    text = str(path.relative_to(root)) if root in path.parents else str(path)
    if path == paths.samples().resolve():
        return Source("starter", text, path)
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{printable(path)} is neither a folder nor a file.")
    return Source("folder" if path.is_dir() else "file", text, path)


def _replace(source: Source, rules: params.Params, say: Say) -> pd.DataFrame:
    """Brings `source` to data/ and writes data.dvc; returns its photograph table. Any error leaves both as they were."""
    shown = tracked.without_secrets(source.text)
    if source.kind == "remote":
        with exchange():
            say(f"Importing {shown}")
            tracked.run_dvc("import-url", "--force", source.text, paths.data().name)
            if paths.data().is_dir():
                tracked.note_arrival()
                return _judge(paths.data(), shown, rules, say)
            with _temporary_folder() as place:
                fetch.fetch_file(paths.data(), place, name=fetch.name_in(source.text))
                table = _judge(place, shown, rules, say)
                paths.data().unlink()
                paths.data_record().unlink()
                _add(place, source.text)
            return table
    if source.kind in ("starter", "folder"):
        # back to the starter photographs must always be possible
        table = _judge(source.path, shown, rules, say, advise=source.kind == "starter")
        if source.kind == "starter" or _dvc_can_import(source.path, table):
            with exchange():
                tracked.run_dvc("import-url", "--force", source.text, paths.data().name)
                if source.kind == "starter":
                    tracked.run_dvc("unfreeze", paths.data_record().name)
                else:
                    tracked.note_arrival()
            return table
    with _temporary_folder() as place:
        folder = place / "photographs"
        folder.mkdir()
        left_out = _gather(source, folder, place, say)
        for path, why in left_out:
            say(f"  left out: {path}: {why}")
        if source.kind != "folder":
            table = _judge(folder, shown, rules, say)
        with exchange():
            _add(folder, source.text)
    return table


def _gather(source: Source, folder: Path, place: Path, say: Say) -> list[tuple[str, str]]:
    """Fills `folder` from a source that is not simply imported; returns what had to be left out."""
    if source.kind == "folder":
        return fetch.copy_folder(source.path, folder)
    if source.kind == "http":
        downloaded = place / "downloaded"
        fetch.download(source.text, downloaded, say=say)
        fetch.fetch_file(downloaded, folder, name=fetch.name_in(source.text))
    else:
        fetch.fetch_file(source.path, folder)
    return []


def _add(folder: Path, source: str) -> None:
    """Moves `folder` to data/ and lets DVC record it."""
    os.rename(folder, paths.data())
    paths.data().chmod(0o755)  # temporary folders are closed to others
    tracked.run_dvc("add", "--quiet", paths.data().name)
    tracked.note_arrival(source)


def _dvc_can_import(folder: Path, table: pd.DataFrame) -> bool:
    """Whether DVC imports every file: it stops at names that are not UTF-8 and at unreadable files, and passes over linked folders."""
    if table["reject_reason"].isin(["not_permitted", "vanished"]).any():
        return False
    for item in list_files(folder).found:
        try:
            item.file.decode("utf-8")
        except UnicodeDecodeError:
            return False
        parents = Path(os.fsdecode(item.file)).parents
        if any((folder / parent).is_symlink() for parent in list(parents)[:-1]):
            return False
    return True


def _judge(folder: Path, shown: str, rules: params.Params, say: Say, *, advise: bool = False) -> pd.DataFrame:
    """Inspects a folder and says what is found. Raises DataError where stage inspect would stop, or, to `advise`, only says so."""
    table = photograph_table.inspect(folder, rules.inspect, rules.split, cache=paths.cache())
    for line in usable.findings(table, printable(shown)):
        say(line)
    stop = usable.stop_reason(table, rules.inspect, rules.split)
    if stop and not advise:
        raise DataError(f"{printable(shown)}: {stop}")
    if stop:
        say(f"Stage inspect will stop: {stop}")
    return table


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder beside data/, on the same file system, gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="data-arriving-", suffix=".tmp", dir=paths.root()))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _no_disk_surprises(consequence: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({printable(error.filename)})" if error.filename else ""
        raise DataError(f"{error.strerror or error}{where}. {consequence}") from None
