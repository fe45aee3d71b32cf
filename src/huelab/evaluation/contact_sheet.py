"""Contact sheets: gray | truth | what each model made of it, one row per picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from huelab import metrics
from huelab.color import gamut, lab
from huelab.data.store import Store, region
from huelab.evaluation import pictures
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.tables import number

if TYPE_CHECKING:
    from PIL import Image, ImageFont

UInt8 = NDArray[np.uint8]

SIDE = 144
"""Pixels of a picture's longer side on the sheet; smaller ones are enlarged."""
_GAP = 6
_LINE = 17  # of caption text
_MARGIN = 18
_INK, _FAINT, _PAPER = (26, 28, 32), (104, 108, 116), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture (h, w, 3), or None where there is none, and a few words below it."""

    rgb: UInt8 | None
    caption: str = ""


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures below column heads; each row has a caption of its own."""

    title: str
    note: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def of_test_pictures(store: Store, evaluated: Sequence[Evaluated], *, rows: int, sort: str) -> Sheet:
    """The first `rows` kept test pictures, each with its score in `sort`; which come first was decided by a hash, not by a person."""
    shown = in_columns([one for one in evaluated if not one.one_picture])
    test = store.items.iloc[store.indices("test")]
    places = dict(zip(test["item_id"].astype(str), store.indices("test"), strict=True))
    metric = metrics.metric(sort)
    scores = {one.name: one.table.set_index("item_id")[sort] for one in evaluated if sort in one.table and not one.one_picture}

    def written(model: str, item: str) -> str:
        return number(float(scores[model][item]), metric) if model in scores else ""

    lines = []
    for item in pictures.in_order(test)[:rows]:
        made = [(one, one.test_picture(item)) for one in shown]
        if all(picture is None for _, picture in made):  # beyond evaluate.pictures
            break
        row = store.items.iloc[places[item]]
        top, left, height, width = store.boxes([places[item]])[0]
        truth = store.read([places[item]])[0, top : top + height, left : left + width]
        cells = [Cell(gray(truth), written("gray", item)), Cell(truth)]
        cells += [Cell(picture, written(one.name, item)) for one, picture in made]
        lines.append((", ".join(filter(None, (str(row["path"]), region(str(item))))), cells))
    note = f"Numbers: {metric.title} of that picture ({'lower' if metric.better == 'lower' else metric.better} is better)."
    return Sheet("Test pictures", note if metric.kind == "paired" else "", _heads(shown), lines)


def of_gallery(store: Store, evaluated: Sequence[Evaluated]) -> Sheet:
    """Every gallery photograph as each model colours it."""
    shown = in_columns(evaluated)
    lines = []
    for picture in store.gallery():
        truth = picture.rgb()
        cells = [Cell(gray(truth)), Cell(truth)]
        cells += [Cell(one.gallery_picture(picture.name), "memorised" if one.one_picture == picture.name else "") for one in shown]
        lines.append((picture.path, cells))
    note = "Whole photographs, an illustration: never scored."
    if store.meta["split_by"] == "region":
        note = "Whole photographs, an illustration: every learned model has seen regions of them in training. Never scored."
    return Sheet("Gallery", note, _heads(shown), lines)


def in_columns(evaluated: Sequence[Evaluated]) -> list[Evaluated]:
    """Learned models, then floors; gray has its own column already."""
    return [one for one in evaluated if not one.floor] + [one for one in evaluated if one.floor and one.name != "gray"]


def gray(rgb: UInt8) -> UInt8:
    """The photograph's lightness alone: what a colorizer is given."""
    L = lab.lightness(rgb)
    return gamut.render(L, np.zeros((*L.shape, 2), np.float32))


def draw(sheet: Sheet) -> bytes:
    """The sheet as a PNG, the same bytes for the same pictures."""
    from PIL import Image, ImageDraw

    bold, plain, small = (_font(name, size) for name, size in (("Bold", 13), ("", 12), ("", 11)))
    columns = len(sheet.columns)
    tall = [max((scaled(cell.rgb).height for cell in cells if cell.rgb is not None), default=SIDE) for _, cells in sheet.rows]
    captioned = [any(cell.caption for cell in cells) for _, cells in sheet.rows]
    heights = [_LINE + height + (_LINE if has else 0) + _GAP for height, has in zip(tall, captioned, strict=True)]
    head = _MARGIN + 26 + _LINE + 32
    size = (2 * _MARGIN + columns * (SIDE + _GAP) - _GAP, head + sum(heights) + _MARGIN)
    paper = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(paper)
    pen.text((_MARGIN, _MARGIN), sheet.title, _INK, font=_font("Bold", 18))
    pen.text((_MARGIN, _MARGIN + 26), sheet.note, _FAINT, font=plain)
    for place, column in enumerate(sheet.columns):
        pen.text((_left(place) + SIDE / 2, head - 10), column, _INK, font=bold, anchor="ms")
    top = head
    for (caption, cells), height, tallest in zip(sheet.rows, heights, tall, strict=True):
        pen.text((_MARGIN, top + 1), _fitting(caption, small, size[0] - 2 * _MARGIN), _FAINT, font=small)
        for place, cell in enumerate(cells):
            left, upper = _left(place), top + _LINE
            if cell.rgb is None:
                pen.text((left + SIDE / 2, upper + tallest / 2), "–", _FAINT, font=plain, anchor="mm")
                continue
            picture = scaled(cell.rgb)
            paper.paste(picture, (left + (SIDE - picture.width) // 2, upper))
            if cell.caption:
                pen.text((left + SIDE / 2, upper + tallest + 2), cell.caption, _INK, font=small, anchor="ma")
        top += height
    file = io.BytesIO()
    paper.save(file, "PNG", optimize=False)
    return file.getvalue()


def scaled(rgb: UInt8, side: int = SIDE) -> Image.Image:
    """A picture whose longer side has `side` pixels; tiny ones are enlarged smoothly."""
    from PIL import Image

    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    return Image.fromarray(rgb).resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS)


def _heads(shown: Sequence[Evaluated]) -> list[str]:
    return ["gray", "truth", *(f"{one.name} (floor)" if one.floor else one.name for one in shown)]


def _left(column: int) -> int:
    return _MARGIN + column * (SIDE + _GAP)


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
