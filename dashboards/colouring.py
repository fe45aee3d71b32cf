"""Colouring for the page Colour: engines kept ready between visits, one photograph at a time through the network."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dashboards import reading
from huelab import models, paths
from huelab.colorize import choose, engine
from huelab.data import photo
from huelab.errors import HuelabError
from huelab.models.saved import Saved

Picture = NDArray[np.uint8]

_ONE_AT_A_TIME = threading.Lock()  # visitors share the engines and the cores: in turn is faster for both than at once


def trained() -> list[str]:
    """What can colour now: "champion" if there is one, then every trained colorizer that has weights."""
    folder = paths.model("")
    there = {card.parent.name for card in folder.glob("*/card.json") if models.known(card.parent.name)}
    in_order = sorted(there, key=lambda name: (models.NAMES.index(models.base(name)), name))
    names = [name for name in in_order if Saved.open(paths.model(name)).weights.is_file()]
    return ([choose.CHAMPION] if champion() is not None else []) + names


def champion() -> str | None:
    """Which colorizer "champion" stands for now; None where nothing is trained and compared yet."""
    try:
        found = _saved(choose.resolve())
    except HuelabError:
        return None
    return None if found is None else found.name


def champion_gone() -> str:
    """Why the champion cannot colour; "" if it can."""
    try:
        choose.resolve()
    except HuelabError as error:
        return str(error)
    return ""


def knows_one_picture(model: str) -> bool:
    """Whether a trained colorizer only memorised one picture."""
    saved = _saved(paths.model(model))
    return saved is not None and bool(saved.one_picture)


def open_upload(name: str, content: bytes, max_pixels: int) -> Picture:
    """An uploaded file as sRGB (h, w, 3). Raises UnreadablePhoto, whose message names the file as the visitor knows it."""
    return _opened(hashlib.sha256(content).hexdigest(), name, content, max_pixels)


def colour(rgb: Picture, model: str) -> tuple[Picture, str]:
    """`rgb` (h, w, 3) coloured by `model` ("champion" or a name) at full size, and the name of the colorizer that did it."""
    folder = choose.resolve(model)
    saved = Saved.open(folder)
    identity = (reading.stamp(folder / "card.json"), reading.stamp(saved.weights))
    return _coloured(hashlib.sha256(rgb.tobytes() + repr(rgb.shape).encode()).hexdigest(), rgb, str(folder), identity), saved.name


def encoded(rgb: Picture, kind: Literal["PNG", "JPEG"]) -> bytes:
    """`rgb` as a file to download: PNG without loss, JPEG at quality 95 without chroma subsampling."""
    buffer = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"compress_level": 3}
    Image.fromarray(rgb).save(buffer, kind, **options)
    return buffer.getvalue()


def _saved(folder: Path) -> Saved | None:
    try:
        return Saved.open(folder)
    except HuelabError:  # not trained yet, or being written
        return None


@st.cache_data(max_entries=8, show_spinner=False)
def _opened(digest: str, _name: str, _content: bytes, max_pixels: int) -> Picture:
    with tempfile.TemporaryDirectory(prefix="huelab-") as folder:
        file = Path(folder) / "upload"
        file.write_bytes(_content)
        try:
            return photo.read(file, max_pixels=max_pixels)[0]
        except photo.UnreadablePhoto as error:
            raise photo.UnreadablePhoto(Path(_name), error.reason, error.detail) from None


@st.cache_data(max_entries=8, show_spinner=False)
def _coloured(digest: str, _rgb: Picture, folder: str, identity: tuple[reading.Stamp | None, ...]) -> Picture:
    with _ONE_AT_A_TIME:
        return _engine(folder, identity).colour(_rgb)


@st.cache_resource(max_entries=3, show_spinner=False)
def _engine(folder: str, identity: tuple[reading.Stamp | None, ...]) -> engine.Engine:
    """Keyed by the weights' identity too: a new champion, or the same model trained again, is taken without a restart."""
    return engine.load(Path(folder))
