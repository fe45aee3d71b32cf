"""What data.dvc records of the photographs, and what in data/ is saved nowhere else. Runs dvc as a program of the same environment."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from huelab import paths
from huelab.data.listing import list_files
from huelab.errors import DataError


@dataclass(frozen=True)
class Record:
    """data.dvc in short: `source` as it was written ("" unknown), `starter` whether it is the shipped import, `frozen` as DVC has it."""

    source: str
    starter: bool
    frozen: bool
    imported: bool
    """True: DVC fetched it from `source` and can again (`dvc update`); False: the files were unpacked or copied, then added."""
    as_it_came: bool
    """Whether data/, as it was recorded last, is what `huelab data use` brought: nothing was added to it or taken from it by hand since."""
    content: str
    """DVC's hash of data/ as it was recorded last; "" where it was never recorded."""


def run_dvc(*arguments: str) -> str:
    """Runs `dvc ARGUMENTS` in the project's root; returns what it printed. Raises DataError with DVC's own words where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=paths.root(), capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip() and "dvc.org" not in line]
        errors = [line.removeprefix("ERROR: ").removeprefix("unexpected error - ") for line in said if line.startswith("ERROR")]
        raise DataError(f"dvc {arguments[0]} failed: {' '.join(errors or said[-1:]) or f'exit code {done.returncode}'}")
    return done.stdout


def record() -> Record | None:
    """What data.dvc says; None where there is none. Raises DataError where it cannot be understood."""
    file = paths.data_record()
    try:
        tree: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        note = tree.get("meta") or {}
        source = str(tree["deps"][0]["path"]) if tree.get("deps") else str(note.get("source", ""))
        if Path(str(tree["outs"][0]["path"])) != Path(paths.data().name):
            raise ValueError("it describes another folder than data")
        content = str(tree["outs"][0].get("md5", ""))
        # of an import DVC itself says what the source held; operating systems' droppings may keep the two apart
        came = {str(note.get("arrived", "")), *(str(dep.get("md5", "")) for dep in tree.get("deps") or ())}
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{file} cannot be understood ({' '.join(str(error).split())}): restore it with `git checkout data.dvc`.") from None
    frozen = bool(tree.get("frozen"))
    starter = not frozen and source == paths.samples().name
    return Record(source, starter, frozen, bool(tree.get("deps")), as_it_came=content in came - {""}, content=content)


def unsaved() -> list[str]:
    """Files of data/ that are saved nowhere else: added or changed since DVC recorded the folder. Empty: data/ may be replaced."""
    data = paths.data()
    if not data.exists() or (data.is_dir() and not any(data.iterdir())):
        return []
    known = record()
    if known is None:
        return [item.path for item in list_files(data).found] if data.is_dir() else [data.name]
    state = _state()
    if not state:
        return []
    if state == "not in cache":
        # the recorded files, but DVC's copy of them is gone: samples/ still has its own
        return [] if known.starter else ["all of it: DVC's copy in .dvc/cache is gone"]
    if state == "deleted":
        return []
    try:
        changes = json.loads(run_dvc("data", "status", "--granular", "--json", data.name)).get("uncommitted", {})
    except (DataError, ValueError):
        return ["files that differ from what data.dvc records"]
    if not changes:
        return ["files that differ from what data.dvc records"]
    whole = f"{data.name}/"
    named = [name for kind in ("added", "modified") for name in changes.get(kind, []) if name != whole]
    return sorted(str(name).removeprefix(whole) for name in named)


def refuse_to_lose() -> None:
    """Raises DataError where a run would delete photographs dropped into data/: DVC imports its source over them, without a word."""
    known = record()
    if known is None or known.frozen:  # a frozen import keeps what was added
        return
    if lost := unsaved():
        some = ", ".join(lost[:3]) + (", …" if len(lost) > 3 else "")
        raise DataError(
            f"{paths.data()} holds files that would be lost ({some}), since it is imported from {known.source}. Move them to a folder of "
            "their own and run `huelab data use THAT_FOLDER`; or delete them from data/ to go on with the photographs it had."
        )


def note_arrival(source: str = "") -> None:
    """Notes in data.dvc what arrived, so that files added by hand can be told from it later; DVC keeps the note.

    `source`: where added files came from, kept without the password of a URL (an import names its source itself).
    """
    file = paths.data_record()
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    note = {"source": without_secrets(source)} if source else {}
    tree["meta"] = {**note, "arrived": tree["outs"][0].get("md5", "")}
    temporary = file.with_name(file.name + ".tmp")
    temporary.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    temporary.replace(file)


def without_secrets(source: str) -> str:
    """A URL without user, password and query (signed links carry keys there); anything else as it is."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _state() -> str:
    """ "" (as recorded), "modified", "deleted" or "not in cache"."""
    name = paths.data_record().name
    told: Any = json.loads(run_dvc("status", name, "--json").strip() or "{}")
    for entry in told.get(name, []):
        if isinstance(entry, dict) and "changed outs" in entry:
            return str(next(iter(entry["changed outs"].values())))
    return ""
