"""history.csv: how a colorizer learned, one row per validation."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from huelab.data.replacing import replacing_file

Row = dict[str, float]
"""step, epoch, the mean of each term of the loss since the last row (none for a term of another phase), val_mse_ab128."""


def columns(terms: Sequence[str]) -> tuple[str, ...]:
    """The columns of a history whose objective reports `terms`."""
    return ("step", "epoch", *terms, "val_mse_ab128")


def write(file: Path, rows: Sequence[Row], terms: Sequence[str]) -> None:
    """Writes `rows` to `file`, whole or not at all; numbers keep every digit."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(terms), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing_file(file) as new:
        new.write_text(text.getvalue(), encoding="utf-8")
