"""Artefacts as a page may meet them: whole, absent, or half written by a run in progress. A read gives None unless the file is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
import yaml

Stamp = tuple[int, int]


def stamp(file: Path) -> Stamp | None:
    """Time of the last change (ns) and size in bytes: the identity under which a read is cached. None where there is no file."""
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def table(file: Path) -> pd.DataFrame | None:
    """A .parquet or .csv as a table."""
    return _read(_table, file)


def document(file: Path) -> Any:
    """A .json or .yaml (also dvc.lock, *.dvc) as what it holds."""
    return _read(_document, file)


def text(file: Path) -> str | None:
    """A text file's content."""
    return _read(_text, file)


def picture(file: Path) -> bytes | None:
    """A picture file's bytes."""
    return _read(_bytes, file)


def _read(reader: Callable[[str, Stamp], Any], file: Path) -> Any:
    found = stamp(file)
    if found is None or not file.is_file():
        return None
    try:
        return reader(str(file), found)
    except (OSError, ValueError, yaml.YAMLError):  # pyarrow's and json's errors are ValueErrors
        return None


@st.cache_data(max_entries=64, show_spinner=False)
def _table(file: str, identity: Stamp) -> pd.DataFrame:
    return pd.read_csv(file, keep_default_na=False) if file.endswith(".csv") else pd.read_parquet(file)


@st.cache_data(max_entries=64, show_spinner=False)
def _document(file: str, identity: Stamp) -> Any:
    content = Path(file).read_text(encoding="utf-8")
    return json.loads(content) if file.endswith(".json") else yaml.safe_load(content)


@st.cache_data(max_entries=64, show_spinner=False)
def _text(file: str, identity: Stamp) -> str:
    return Path(file).read_text(encoding="utf-8")


@st.cache_data(max_entries=512, show_spinner=False)
def _bytes(file: str, identity: Stamp) -> bytes:
    return Path(file).read_bytes()
