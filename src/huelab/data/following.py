"""Whether the place that the photographs came from has changed since, and data/ made anew where it has: what a scheduled run asks first."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from huelab import paths
from huelab.data import sources, tracked, usable
from huelab.data.listing import list_files
from huelab.data.sources import Say, Source
from huelab.data.tracked import Record
from huelab.errors import DataError, UsageError


def follow(src: str | None, *, say: Say) -> bool:
    """Brings data/ to what its source (or `src`) holds now; True where the photographs are others than those recorded before.

    An import that is not frozen is left to DVC, which follows it itself. Files that somebody put into data/ are used, never lost: while
    they are there the recorded source is not followed. Whoever calls holds the run lock. Raises what `huelab data use` raises.
    """
    known = tracked.record()
    if src is not None:
        return _use(sources.resolve(src), known, say)
    if known is None:
        raise DataError("There is no data.dvc: choose photographs with `huelab data use SRC`.")
    if known.imported and not known.frozen:
        tracked.refuse_to_lose()
        return tracked.run_dvc("status", paths.data_record().name, "--json").strip() not in ("", "{}")
    if unsaved := tracked.unsaved():
        say(f"data/ holds files that were put there by hand ({usable.some(unsaved)}): they are used; {_not_followed(known)}")
        return True
    if not known.as_it_came:
        say(f"data/ holds files that were put there or taken away by hand: {_not_followed(known)}")
        return False
    return _use(_recorded(known), known, say)


def _use(source: Source, known: Record | None, say: Say) -> bool:
    text = tracked.without_secrets(source.text)
    if known is not None and source.kind == "starter" and known.starter:
        return follow(None, say=say)
    if known is not None and known.source == text and known.as_it_came and not tracked.unsaved() and _unchanged(source):
        say(f"{text} holds the same photographs as before")
        return False
    sources.take(source, say=say)
    now = tracked.record()
    return known is None or now is None or now.content != known.content


def _recorded(known: Record) -> Source:
    if not known.source:
        raise DataError("data.dvc does not say where the photographs came from: name the source once, `huelab data use SRC`.")
    try:
        return sources.resolve(known.source if "://" in known.source else str(paths.root() / known.source))
    except UsageError as error:
        raise DataError(
            f"The photographs came from a place that is gone: {error} Bring it back, or choose another with `huelab data use SRC`."
        ) from None


def _not_followed(known: Record) -> str:
    source = known.source or "SRC"
    return f"{known.source or 'their source'} is not followed until `huelab data use {source}` takes it as it is now."


def _unchanged(source: Source) -> bool:
    """Whether a folder holds, name by name, the very files of data/. Anything else has to be fetched to be known: False."""
    if source.kind != "folder" or not paths.data().is_dir():
        return False
    here, there = (list_files(folder).found for folder in (paths.data(), source.path))
    if any(item.problem for item in (*here, *there)) or [item.file for item in here] != [item.file for item in there]:
        return False
    names = [item.file for item in here]
    try:
        return _sizes(paths.data(), names) == _sizes(source.path, names) and _hashes(paths.data(), names) == _hashes(source.path, names)
    except OSError:  # one vanished meanwhile, or may not be read
        return False


def _sizes(folder: Path, names: Iterable[bytes]) -> list[int]:
    return [os.stat(os.path.join(os.fsencode(folder), name)).st_size for name in names]


def _hashes(folder: Path, names: Iterable[bytes]) -> list[bytes]:
    def one(name: bytes) -> bytes:
        with open(os.path.join(os.fsencode(folder), name), "rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()

    with ThreadPoolExecutor() as threads:
        return list(threads.map(one, names))
