"""Contact sheets in the page: each photograph a block of pictures, gray and truth first, that folds to any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from huelab.evaluation.contact_sheet import Cell, Sheet
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import jpeg, section


@dataclass(frozen=True)
class Sharpness:
    """Pixels of a picture's longer side in the page at most, and JPEG quality."""

    side: int
    quality: int


SHARP = (Sharpness(192, 90), Sharpness(144, 84), Sharpness(112, 78))
"""Tried one after the other until the pictures fit: shown at 128 CSS pixels, the first is sharp on fine screens too."""


def sheets(found: Contents, room: int) -> str:
    """The section, in at most `room` bytes: less sharp where there are many pictures, then with fewer rows."""
    shown = [sheet for sheet in found.sheets if sheet.rows]
    if not shown:
        return ""
    lines: list[list[str]] = []
    for sharpness in SHARP:
        lines = [[_row(sheet.columns, caption, cells, sharpness) for caption, cells in sheet.rows] for sheet in shown]
        if sum(len(line.encode()) for rows in lines for line in rows) <= room:
            break
    each = room // len(shown)
    body = "".join(_sheet(sheet, rows, each) for sheet, rows in zip(shown, lines, strict=True))
    jump = "".join(f'<a href="#{sheet.name}">{escape(sheet.title)}</a>' for sheet in shown)
    return section("pictures", "Pictures", f'<p class="jump">{jump}</p>{body}')


def _sheet(sheet: Sheet, rows: Sequence[str], room: int) -> str:
    fitting: list[str] = []
    for row in rows:
        if sum(len(line.encode()) for line in (*fitting, row)) > room:
            break
        fitting.append(row)
    left = len(rows) - len(fitting)
    more = f" {left} more {'row does' if left == 1 else 'rows do'} not fit into this page; see {sheet.name}.png." if left else ""
    return f'<h3 id="{sheet.name}">{escape(sheet.title)}</h3><p class="note">{escape(sheet.note + more)}</p>{"".join(fitting)}'


def _row(columns: Sequence[str], caption: str, cells: Sequence[Cell], sharpness: Sharpness) -> str:
    figures = "".join(_figure(column, cell, sharpness, f"{column}: {caption}") for column, cell in zip(columns, cells, strict=True))
    return f'<div class="strip"><p class="caption">{escape(caption)}</p><div class="cells">{figures}</div></div>'


def _figure(column: str, cell: Cell, sharpness: Sharpness, alt: str) -> str:
    kind = "reference" if column in ("gray", "truth") else "best" if cell.best else ""
    name, floor = (column[: -len(" (floor)")], True) if column.endswith(" (floor)") else (column, False)
    tag = "b" if cell.best else "small"
    words = f"<span>{f'<i>{escape(name)}</i>' if floor else escape(name)}</span><{tag}>{escape(cell.caption)}</{tag}>"
    if cell.rgb is None:
        return f'<figure class="none"><div>–</div><figcaption>{words}</figcaption></figure>'
    picture = f'<img loading="lazy" alt="{escape(alt)}" src="{jpeg(cell.rgb, sharpness.side, sharpness.quality)}">'
    return f'<figure class="{kind}">{picture}<figcaption>{words}</figcaption></figure>'
