"""The photograph table: one row per file of the data folder, with what was measured, its split, and why it is not used where it is not."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from huelab import params
from huelab.data.archives import photographs_folder
from huelab.data.duplicates import near_duplicate_groups
from huelab.data.listing import Found, list_files
from huelab.data.measure import Measurement
from huelab.data.measurements import measure_all
from huelab.data.replacing import replacing_file
from huelab.data.split import folder_split, label_of, named_split, split_of

COLUMNS = (
    *("path", "file", "photo_id", "sha256", "format", "mode", "width", "height", "orientation", "file_bytes", "label"),
    *("chroma_mean", "chroma_p95", "l_mean", "l_std", "is_gray", "phash", "group", "duplicate_of", "split"),
    *("reject_reason", "reject_detail"),
)

REASONS = {
    "not_an_image": "not a picture",
    "truncated": "cut short or damaged",
    "too_many_pixels": "more pixels than inspect.max_pixels",
    "not_permitted": "may not be read",
    "vanished": "vanished while it was read, or a link to nothing",
    "empty": "an empty file",
    "unsupported": "a kind of picture that is not supported",
    "too_small": "shorter side below inspect.min_side",
    "aspect": "longer than inspect.max_aspect times its shorter side",
    "gray": "no colour to learn from (chroma below inspect.min_chroma)",
    "duplicate": "the same pixels as another photograph",
}
"""Every `reject_reason`, in words."""

_OF_DETAIL = 300  # letters kept of what a decoder had to say


def inspect(data: Path, inspection: params.Inspect, split: params.SplitParams, *, cache: Path, workers: int = 0) -> pd.DataFrame:
    """One row per file below `data` (columns: COLUMNS), in order of path.

    `attrs["files"]` is the number of files found, `attrs["ignored"]` the notes (README…) and system files.
    Raises DataError where `data` is missing; a file that cannot be read is a row with its reason.
    """
    folder = photographs_folder(data, cache=cache)
    listing = list_files(folder)
    places = [Path(os.fsdecode(os.path.join(os.fsencode(folder), item.file))) for item in listing.found]
    sizes = [_size(place) for place in places]
    openable = [number for number, item in enumerate(listing.found) if not item.problem]
    results = measure_all([places[number] for number in openable], inspection.max_pixels, cache=cache, workers=workers)
    measured = dict(zip(openable, results, strict=True))
    rows = []
    for number, (item, size) in enumerate(zip(listing.found, sizes, strict=True)):
        sha256, facts = measured.get(number, ("", Measurement(reason="not_permitted", detail=item.problem)))
        rows.append(_row(item, size, sha256, facts, inspection))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    _reject_duplicates(table)
    _group(table, inspection.near_duplicate_bits)
    _assign_splits(table, split)
    table.attrs = {"files": len(listing.found), "ignored": list(listing.ignored)}
    return table


def write(table: pd.DataFrame, file: Path) -> None:
    """Writes the table as Parquet, atomically."""
    with replacing_file(file) as new:
        table.to_parquet(new, index=False)


def read(file: Path) -> pd.DataFrame:
    """The table that `write` wrote."""
    return pd.read_parquet(file)


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except OSError:
        return 0


def _row(item: Found, size: int, sha256: str, facts: Measurement, inspection: params.Inspect) -> dict[str, object]:
    path = item.path
    reason, detail = (facts.reason, facts.detail) if facts.reason else _shortcoming(facts, inspection)
    return {
        **facts.as_dict(),
        "path": path,
        "file": item.file,
        "sha256": sha256,
        "file_bytes": size,
        "label": label_of(path),
        "is_gray": not facts.reason and facts.chroma_p95 < inspection.min_chroma,
        "group": "",
        "duplicate_of": "",
        "split": "",
        "reject_reason": reason,
        "reject_detail": detail[:_OF_DETAIL],
    }


def _shortcoming(facts: Measurement, inspection: params.Inspect) -> tuple[str, str]:
    """Why a readable photograph is of no use, or ("", "")."""
    short, long = sorted((facts.width, facts.height))
    size = f"{facts.width} x {facts.height} pixels"
    if short < inspection.min_side:
        return "too_small", f"{size}; inspect.min_side is {inspection.min_side}"
    if long > inspection.max_aspect * short:
        return "aspect", f"{size}; inspect.max_aspect is {inspection.max_aspect:g}"
    if facts.chroma_p95 < inspection.min_chroma:
        # floored, so that the number shown never looks as large as the bound
        shown = math.floor(facts.chroma_p95 * 100) / 100
        return "gray", f"95th percentile of chroma {shown:.2f}; inspect.min_chroma is {inspection.min_chroma:g}"
    return "", ""


def _reject_duplicates(table: pd.DataFrame) -> None:
    """Of photographs with the same pixels the first by path stays."""
    used = table.loc[table["reject_reason"] == "", ["path", "photo_id"]]
    first = used.groupby("photo_id")["path"].transform("first")
    again = used.index[used["photo_id"].duplicated()]
    table.loc[again, "duplicate_of"] = first.loc[again]
    table.loc[again, "reject_reason"] = "duplicate"
    table.loc[again, "reject_detail"] = "the same pixels as " + first.loc[again]


def _group(table: pd.DataFrame, bits: int) -> None:
    """Names each near-duplicate group by the smallest photo_id in it, so that a renamed file stays where it was."""
    used = table.loc[table["reject_reason"] == ""]
    groups = pd.Series(near_duplicate_groups(used["phash"].tolist(), bits), index=used.index)
    table.loc[used.index, "group"] = used["photo_id"].groupby(groups).transform("min")


def _assign_splits(table: pd.DataFrame, split: params.SplitParams) -> None:
    used = table.loc[table["reject_reason"] == ""]
    paths: Sequence[str] = used["path"].tolist()
    groups: Sequence[str] = used["group"].tolist()
    if split.by == "region":
        splits = ["region"] * len(used)
    elif split.by == "photo":
        splits = [split_of(group, split) for group in groups]
    else:
        has_val = any(named_split(path) == "val" for path in paths)
        splits = [folder_split(path, group, has_val, split) for path, group in zip(paths, groups, strict=True)]
    table.loc[used.index, "split"] = splits
