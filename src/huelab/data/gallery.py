"""The gallery: a few whole photographs, scaled down, that illustrate what colorizers do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2

from huelab.data import photo
from huelab.data.photographs import Photograph
from huelab.data.replacing import write_json
from huelab.data.resize import resize, scaled_to_longer


def write_gallery(folder: Path, photographs: Iterable[Photograph], data: Path, *, side: int, most: int, max_pixels: int) -> None:
    """Writes the first `most` readable photographs as folder/NN.png, their longer side at most `side`, and gallery.json."""
    folder.mkdir()
    entries: list[dict[str, str]] = []
    for photograph in photographs:
        if len(entries) == most:
            break
        try:
            rgb, facts = photo.read(photograph.below(data), max_pixels=max_pixels)
        except photo.UnreadablePhoto:  # the store has listed it
            continue
        if max(facts.height, facts.width) > side:
            rgb = resize(rgb, *scaled_to_longer(facts.height, facts.width, side))
        name = f"{len(entries):02d}.png"
        coded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
        (folder / name).write_bytes(coded.tobytes())
        entries.append({"name": name, "photo_id": photograph.photo_id, "path": photograph.path, "label": photograph.label})
    write_json(folder / "gallery.json", entries)
