"""On what the results stand: the commit of the code, and where the photographs were imported from."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

import streamlit as st

from dashboards import reading
from huelab import paths


@dataclass(frozen=True)
class Commit:
    """The commit checked out now."""

    short: str
    subject: str
    date: str
    changed: int
    """Tracked files that differ from it."""


@st.cache_data(ttl=10, show_spinner=False)
def commit(root: str) -> Commit | None:
    """The commit of the project at `root`; None outside a git checkout."""
    try:
        head = _git(root, "log", "-1", "--format=%h%x00%s%x00%cs").split("\0")
        status = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return Commit(head[0], head[1], head[2].strip(), len(status.splitlines())) if len(head) == 3 else None


def source() -> str | None:
    """What data.dvc says the photographs were imported from; None when there is no data.dvc."""
    record = reading.document(paths.root() / "data.dvc")
    if not isinstance(record, dict):
        return None
    for dependency in record.get("deps") or []:
        place = dependency.get("path") or dependency.get("url")
        if place:
            return str(place)
    return "data/ itself"


def _git(root: str, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, timeout=10, check=True)
    return done.stdout
