"""Stage inspect's verdict: checks the photograph table, writes what was found (parquet, csv, json, html), then stops a bad set."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from huelab import params, paths
from huelab.data import table as photograph_table
from huelab.data import usable
from huelab.data.replacing import replacing_file
from huelab.errors import DataError
from huelab.quality.page import page
from huelab.quality.suite import Outcome, run

if TYPE_CHECKING:
    import pandas as pd

_BINS = 24
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Inspection:
    """What stage inspect found, in sums; inspection.json holds exactly this."""

    files: int
    used: int
    rejected: int
    ignored: int
    """Notes (README…) and system files among the photographs; no rows of the table."""
    stop: str
    """Why the pipeline cannot go on; "" where it can."""
    reasons: dict[str, int]
    splits: dict[str, int]
    labels: dict[str, int]
    formats: dict[str, int]
    near_duplicate_groups: int
    """Groups of two or more used photographs that are nearly the same."""
    histograms: dict[str, dict[str, Any]]
    expectations: tuple[dict[str, Any], ...]
    rules: dict[str, Any]

    def summary(self) -> str:
        """One line for the terminal."""
        failed = [entry["name"] for entry in self.expectations if not entry["passed"]]
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items())
        return (
            f"{self.files} file{'s' if self.files != 1 else ''}: {usable.photographs(self.used)} used, {self.rejected} rejected"
            + (f" ({reasons})" if reasons else "")
            + f"; {len(self.expectations) - len(failed)} of {len(self.expectations)} expectations met"
            + (f"; not met: {', '.join(failed)}" if failed else "")
        )


def examine(table: pd.DataFrame, data: Path, inspection: params.Inspect, split: params.SplitParams) -> Inspection:
    """Checks the table and writes the files of stage inspect below `paths.photos()`; `data` is the folder its paths lead from (thumbnails).

    Everything is written before DataError is raised: when the set cannot be worked with (`usable.stop_reason`), or an expectation that
    must hold does not.
    """
    outcomes = run(table, inspection, split)
    found = _sums(table, outcomes, inspection, split)
    folder = paths.photos()
    folder.mkdir(parents=True, exist_ok=True)
    photograph_table.write(table, paths.photo_table())
    _write_rejects(table, paths.rejects())
    _write(paths.inspection_json(), json.dumps(asdict(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    _write(paths.inspection_html(), page(asdict(found), table, data, inspection.max_pixels))
    if found.stop:
        raise DataError(f"{data.name}/: {found.stop} See {paths.inspection_html()} and {paths.rejects().name} beside it.")
    return found


def _sums(table: pd.DataFrame, outcomes: list[Outcome], inspection: params.Inspect, split: params.SplitParams) -> Inspection:
    used = table[table["reject_reason"] == ""]
    readable = table[table["photo_id"] != ""]
    stop = usable.stop_reason(table, inspection, split)
    broken = [
        f"{outcome.name} ({outcome.observed or outcome.says})" for outcome in outcomes if outcome.severity == "must" and not outcome.passed
    ]
    if not stop and broken:
        stop = f"what must hold does not: {'; '.join(broken)}."
    group_sizes = used["group"].value_counts()
    return Inspection(
        files=int(table.attrs["files"]),
        used=len(used),
        rejected=len(table) - len(used),
        ignored=len(table.attrs["ignored"]),
        stop=stop,
        reasons=_counts(table.loc[table["reject_reason"] != "", "reject_reason"]),
        splits=_counts(used["split"]),
        labels=_counts(used.loc[used["label"] != "", "label"]),
        formats=_counts(readable["format"]),
        near_duplicate_groups=int((group_sizes > 1).sum()),
        histograms={
            "megapixels": _histogram(readable["width"] * readable["height"] / 1e6, None),
            "shorter side": _histogram(readable[["width", "height"]].min(axis=1), None),
            "chroma": _histogram(readable["chroma_mean"], (0.0, 60.0)),
            "lightness": _histogram(readable["l_mean"], (0.0, 100.0)),
        },
        expectations=tuple(asdict(outcome) for outcome in outcomes),
        rules={"inspect": inspection.model_dump(), "split": split.model_dump()},
    )


def _counts(values: pd.Series[str]) -> dict[str, int]:
    """How often each value occurs, the most frequent first, then by name."""
    counts = values.value_counts()
    return {str(name): int(count) for name, count in sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))}


def _histogram(values: pd.Series[Any], bounds: tuple[float, float] | None) -> dict[str, Any]:
    """Counts in equal bins from `bounds` (values beyond it fall into the outer bins), or from 0 to the largest value."""
    numbers = values.dropna().to_numpy(dtype=np.float64)
    low, high = bounds or (0.0, float(numbers.max()) if numbers.size else 1.0)
    counts, edges = np.histogram(np.clip(numbers, low, high), bins=_BINS, range=(low, high or 1.0))
    median = round(float(np.median(numbers)), 3) if numbers.size else None
    return {"low": round(float(edges[0]), 4), "high": round(float(edges[-1]), 4), "counts": counts.tolist(), "median": median}


def _write_rejects(table: pd.DataFrame, file: Path) -> None:
    """path, reason, detail, duplicate_of of each rejected file; cells that a spreadsheet would run as formulas start with an apostrophe."""
    rejected = table.loc[table["reject_reason"] != "", ["path", "reject_reason", "reject_detail", "duplicate_of"]]
    with replacing_file(file) as new, new.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["path", "reason", "detail", "duplicate_of"])
        for row in rejected.itertuples(index=False):
            writer.writerow([f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row])


def _write(file: Path, text: str) -> None:
    with replacing_file(file) as new:
        new.write_text(text, encoding="utf-8")
