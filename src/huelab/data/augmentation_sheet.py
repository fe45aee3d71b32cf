"""A contact sheet of the augmentation: training pictures as they are, and as they are shown in the first epochs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from huelab.data.augment import Policy
from huelab.data.store import Store

_ROWS = 6
_EPOCHS = 6
_CELL = 128  # pixels at least
_GAP = 8
_MARGIN = 24
_INK, _QUIET = (34, 34, 34), (110, 110, 110)


def draw_sheet(store: Store, policy: Policy, *, seed: int, file: Path) -> None:
    """Writes a PNG: one row per picture, the first column unchanged, then one column per epoch, drawn as training draws them."""
    train = store.indices("train")
    chosen = train[np.unique(np.linspace(0, len(train) - 1, min(_ROWS, len(train))).astype(np.int64))]
    cell = store.size * max(1, -(-_CELL // store.size))  # whole multiples: pixels stay what they are
    title, small = ImageFont.load_default(20), ImageFont.load_default(14)
    head = _MARGIN + 64
    width = 2 * _MARGIN + (_EPOCHS + 1) * (cell + _GAP) + _GAP
    sheet = Image.new("RGB", (width, head + len(chosen) * (cell + _GAP) + _MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN - 6), "Augmentation of training pictures", font=title, fill=_INK)
    full = np.ones((store.size, store.size), np.uint8)
    for column in range(_EPOCHS + 1):
        left = _MARGIN + column * (cell + _GAP) + (2 * _GAP if column else 0)
        label = f"epoch {column - 1}" if column else "as stored"
        pen.text((left, head - 24), label, font=small, fill=_QUIET)
        for row, (index, rgb) in enumerate(zip(chosen, store.read(chosen), strict=True)):
            shown = policy.apply(rgb, full, key=(seed, column - 1, int(index)))[0] if column else rgb
            picture = Image.fromarray(shown).resize((cell, cell), Image.Resampling.NEAREST)
            sheet.paste(picture, (left, head + row * (cell + _GAP)))
    sheet.save(file, optimize=False)
