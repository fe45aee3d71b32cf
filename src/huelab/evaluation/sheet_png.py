"""Draws a contact sheet as one PNG, the same bytes for the same pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from huelab.evaluation.contact_sheet import Cell, Sheet

if TYPE_CHECKING:
    from PIL import Image, ImageFont

SIDE = 144
"""Pixels of a picture's longer side on the sheet; smaller ones are enlarged."""
WIDEST = 14
"""Columns side by side; further models stand on a second line below, each with its name."""
_GAP = 6
_LINE = 17  # of caption text
_MARGIN = 18
_REFERENCES = 2  # gray and truth, which every line of models is compared with
_INK, _FAINT, _PAPER = (26, 28, 32), (104, 108, 116), (255, 255, 255)


def draw(sheet: Sheet) -> bytes:
    """The sheet as a PNG: column heads on top, or, where the models need several lines, names below the pictures."""
    from PIL import Image, ImageDraw

    bold, plain, small, strong = (_font(name, size) for name, size in (("Bold", 13), ("", 12), ("", 11), ("Bold", 11)))
    folded = len(sheet.columns) > WIDEST
    lines = [_lines(sheet.columns, cells) for _, cells in sheet.rows]
    head = _MARGIN + 26 + _LINE + (10 if folded else 32)
    width = 2 * _MARGIN + (_REFERENCES + _models_on_a_line(len(sheet.columns))) * (SIDE + _GAP) - _GAP
    note = _wrapped(sheet.note, plain, width - 2 * _MARGIN)
    head += _LINE * (len(note) - 1)
    height = head + sum(_LINE + sum(_tall(line) + _GAP for line in block) + _GAP * folded for block in lines) + _MARGIN
    paper = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(paper)
    pen.text((_MARGIN, _MARGIN), sheet.title, _INK, font=_font("Bold", 18))
    for number, words in enumerate(note):
        pen.text((_MARGIN, _MARGIN + 26 + _LINE * number), words, _FAINT, font=plain)
    for place, column in enumerate(() if folded else sheet.columns):
        pen.text((_left(place) + SIDE / 2, head - 10), _fitting(column, bold, SIDE), _INK, font=bold, anchor="ms")
    top = head
    for (caption, _), block in zip(sheet.rows, lines, strict=True):
        pen.text((_MARGIN, top + 1), _fitting(caption, small, width - 2 * _MARGIN), _FAINT, font=small)
        top += _LINE
        for line in block:
            tallest = _pictured(line)
            for place, name, cell in line:
                left = _left(place)
                if cell.rgb is None:
                    pen.text((left + SIDE / 2, top + tallest / 2), "–", _FAINT, font=plain, anchor="mm")
                else:
                    picture = scaled(cell.rgb)
                    paper.paste(picture, (left + (SIDE - picture.width) // 2, top))
                font = strong if cell.best else small
                score = f" {cell.caption}" if folded else cell.caption
                words = _fitting(name, font, SIDE - font.getlength(score)) if folded else ""
                pen.text((left + SIDE / 2, top + tallest + 2), words + score, _INK, font=font, anchor="ma")
            top += _tall(line) + _GAP
        top += _GAP * folded
    file = io.BytesIO()
    paper.save(file, "PNG", compress_level=3)
    return file.getvalue()


def scaled(rgb: NDArray[np.uint8], side: int = SIDE) -> Image.Image:
    """A picture whose longer side has `side` pixels; tiny ones are enlarged smoothly."""
    from PIL import Image

    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    return Image.fromarray(rgb).resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS)


_Line = list[tuple[int, str, Cell]]
"""Column, name and cell."""


def _lines(columns: list[str], cells: list[Cell]) -> list[_Line]:
    """The cells of one row: on one line, or gray and truth once and the models folded beside them."""
    named = list(zip(columns, cells, strict=True))
    each = _models_on_a_line(len(columns))
    models = named[_REFERENCES:]
    lines: list[_Line] = [
        [(_REFERENCES + place, *one) for place, one in enumerate(models[start : start + each])] for start in range(0, len(models), each)
    ] or [[]]
    lines[0][:0] = [(place, *one) for place, one in enumerate(named[:_REFERENCES])]
    return lines


def _models_on_a_line(columns: int) -> int:
    """As many on each of as few lines as possible."""
    models = max(1, columns - _REFERENCES)
    return -(-models // -(-models // (WIDEST - _REFERENCES)))


def _pictured(line: _Line) -> int:
    """Pixels of the tallest picture."""
    shapes = [cell.rgb.shape for _, _, cell in line if cell.rgb is not None]
    return max((max(1, round(SIDE * shape[0] / max(shape[:2]))) for shape in shapes), default=SIDE)


def _tall(line: _Line) -> int:
    """With its captions."""
    return _pictured(line) + _LINE


def _left(column: int) -> int:
    return _MARGIN + column * (SIDE + _GAP)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of whole words that fit; a single empty one of no text."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _font(style: str, size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans as matplotlib ships it: the same letters on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = f"DejaVuSans{'-' if style else ''}{style}.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
