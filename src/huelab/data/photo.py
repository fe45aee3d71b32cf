"""Reads one photograph, whatever its format and mode, as 8-bit sRGB the right way up.

Goes by content, never by name. A JPEG is decoded by OpenCV (the same pixels as Pillow's, about twice as fast), at 1/2, 1/4 or 1/8 of its
size where the caller needs no more; Pillow reads the rest.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from huelab.data import pixels
from huelab.errors import DataError

Reason = Literal["not_an_image", "truncated", "too_many_pixels", "not_permitted", "vanished", "empty", "unsupported"]

_SENTENCE: dict[str, str] = {
    "not_an_image": "is not a picture",
    "truncated": "is cut short or damaged",
    "too_many_pixels": "has more pixels than inspect.max_pixels allows",
    "not_permitted": "may not be read",
    "vanished": "is no longer there",
    "empty": "is an empty file",
    "unsupported": "is of a kind that is not supported",
}

# raster formats whose decoders run in this process; left out: those that start other programs (EPS, WMF) or are mere stubs
_FORMATS = (
    *("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF", "JPEG2000", "PPM"),
    *("ICO", "ICNS", "PSD", "SGI", "PCX", "QOI", "DDS", "XBM", "TGA"),
)
_EXIF_ORIENTATION = 0x0112
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, AttributeError, struct.error, zlib.error)

# the warning filters are global to the process: one thread at a time may set them aside
_warnings_aside = threading.RLock()


@dataclass(frozen=True)
class Facts:
    """What the header says. Width and height are of the full-size picture, the right way up."""

    format: str
    mode: str
    width: int
    height: int
    orientation: int
    """EXIF orientation 1..8; it is already applied to the pixels and to width and height."""
    frames: int
    has_icc: bool
    file_bytes: int


class UnreadablePhoto(DataError):
    """A file that cannot be read as a photograph: why in one word (`reason`), and what exactly (`detail`)."""

    def __init__(self, path: Path, reason: Reason, detail: str = "") -> None:
        super().__init__(path, reason, detail)  # all arguments, so that the error survives the way between processes
        self.path = path
        self.reason: Reason = reason
        self.detail = detail

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{printable(self.path)} {_SENTENCE[self.reason]}{detail}."


def printable(path: Path | str | bytes) -> str:
    """A path as one line of text: bytes that are not UTF-8, and control characters, are escaped with a backslash."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def read(path: Path, *, max_pixels: int, least_side: int | None = None) -> tuple[NDArray[np.uint8], Facts]:
    """The pixels (h, w, 3) of a photograph in sRGB, and its facts.

    EXIF orientation is applied, an ICC profile converted (a broken one is ignored), transparency laid over white, 16 bits scaled to 8;
    CMYK, palette, gray and float become RGB, and of an animation the first frame is taken. With `least_side` a JPEG may come at 1/2, 1/4
    or 1/8 of its size, as long as its shorter side keeps that many pixels; None gives the full size. The header is held against
    `max_pixels` before anything is decoded. Raises UnreadablePhoto.
    """
    path = Path(path)
    data = _bytes(path)
    with _telling(path, data):
        with _quietly():
            image = _open(data)
            height, width, mode = image.height, image.width, image.mode
            if height < 1 or width < 1:
                raise UnreadablePhoto(path, "not_an_image", f"{width} x {height} pixels")
            if height * width > max_pixels:
                raise UnreadablePhoto(path, "too_many_pixels", f"{width} x {height} pixels, more than {max_pixels}")
            orientation, frames = _orientation(image), _frames(image)
        has_icc, left_to_turn = bool(image.info.get("icc_profile")), orientation
        shrink = _shrink(image, least_side)
        rgb = _decode_jpeg(image, data, shrink)
        if rgb is None:
            with _quietly():
                rgb = _decode_by_pillow(image, shrink)
                left_to_turn = 1 if image.format == "TIFF" else orientation  # Pillow turns TIFFs itself
    if orientation >= 5 and image.format != "TIFF":
        height, width = width, height
    kind = "JPEG" if image.format == "MPO" else image.format or ""
    return pixels.upright(rgb, left_to_turn), Facts(kind, mode, width, height, orientation, frames, has_icc, len(data))


def _bytes(path: Path) -> bytes:
    try:
        # without O_NONBLOCK a named pipe in the folder would hang the reader
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UnreadablePhoto(path, "not_an_image", "not a regular file")
            head = file.read(512)
            if not head:
                raise UnreadablePhoto(path, "empty")
            if not _could_be_a_picture(head):  # a film of 50 GB is not read into memory to find that out
                reason, detail = _unidentified(head)
                raise UnreadablePhoto(path, reason, detail)
            return head + file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadablePhoto(path, "vanished") from None
    except IsADirectoryError:
        raise UnreadablePhoto(path, "not_an_image", "a folder") from None
    except PermissionError:
        raise UnreadablePhoto(path, "not_permitted", "check its permissions") from None
    except MemoryError:
        raise UnreadablePhoto(path, "too_many_pixels", "not enough memory to read the file") from None
    except OSError as error:
        raise UnreadablePhoto(path, "not_permitted", error.strerror or _line(error)) from None


def _plugins() -> Iterator[str]:
    Image.init()
    yield from (name for name in _FORMATS if name in Image.OPEN)


def _could_be_a_picture(head: bytes) -> bool:
    return any(_accepts(name, head) for name in _plugins())


def _accepts(name: str, head: bytes) -> bool:
    accept = Image.OPEN[name][1]
    if accept is None:  # TGA has no signature, but few kinds: colour map type, then picture type
        return len(head) > 18 and head[1] <= 1 and head[2] in (1, 2, 3, 9, 10, 11)
    try:
        return accept(head[:16]) is True
    except (struct.error, IndexError):  # a file shorter than the signature
        return False


def _open(data: bytes) -> ImageFile.ImageFile:
    """Image.open without Pillow's own, process-wide pixel limit: `max_pixels` decides here."""
    for name in _plugins():
        if _accepts(name, data[:32]):
            try:
                return Image.OPEN[name][0](io.BytesIO(data), "")
            except (SyntaxError, IndexError, TypeError, KeyError, EOFError, struct.error):  # not this format after all
                continue
    raise UnidentifiedImageError


def _unidentified(head: bytes) -> tuple[Reason, str]:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heim", b"hevc"):
        return "unsupported", "HEIF: convert it to JPEG first"
    if start.startswith(b"%!ps"):
        return "unsupported", "PostScript: convert it to PNG first"
    if start.startswith((b"<svg", b"<?xml")):
        return "unsupported" if b"<svg" in start else "not_an_image", "SVG or XML text"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")):
        return "not_an_image", "an HTML page"
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")):
        return "truncated", "its header is broken"
    if b"\0" not in head and sum(byte < 32 and byte not in b"\t\r\n\f" for byte in head) == 0:
        return "not_an_image", "text"
    return "not_an_image", "no known picture format"


def _shrink(image: ImageFile.ImageFile, least_side: int | None) -> int:
    """1, 2, 4 or 8: how much smaller a JPEG may be decoded."""
    if least_side is None or image.format not in ("JPEG", "MPO"):
        return 1
    return next(n for n in (8, 4, 2, 1) if n == 1 or -(-min(image.size) // n) >= least_side)


def _decode_jpeg(image: ImageFile.ImageFile, data: bytes, shrink: int) -> NDArray[np.uint8] | None:
    """An 8-bit RGB or gray JPEG by OpenCV; None where Pillow has to do it: another mode, a profile of another kind, damage."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    profile = image.info.get("icc_profile")
    if profile and (image.mode != "RGB" or pixels.profile_space(profile) != "RGB"):
        return None
    flags = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}[shrink]
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # more than 2^30 pixels
        return None
    if bgr is None:  # cut short; Pillow says how
        return None
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr).astype(np.uint8, copy=False)
    return pixels.profile_to_srgb(rgb, profile) if profile else rgb


def _decode_by_pillow(image: ImageFile.ImageFile, shrink: int) -> NDArray[np.uint8]:
    if shrink > 1:
        image.draft(None, (image.width // shrink, image.height // shrink))
    image.load()
    return pixels.to_srgb(image)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except _DAMAGE:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _frames(image: ImageFile.ImageFile) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except _DAMAGE:  # a later frame is damaged: the first may still be good
        return 1


@contextmanager
def _telling(path: Path, data: bytes) -> Iterator[None]:
    """Turns what Pillow raises into UnreadablePhoto."""
    try:
        yield
    except UnidentifiedImageError:
        reason, detail = _unidentified(data[:512])
        raise UnreadablePhoto(path, reason, detail) from None
    except Image.DecompressionBombError as error:
        raise UnreadablePhoto(path, "too_many_pixels", _line(error)) from None
    except MemoryError:
        raise UnreadablePhoto(path, "too_many_pixels", "not enough memory to decode it") from None
    except NotImplementedError as error:  # what Pillow raises for a variant of a format that it knows but cannot decode
        raise UnreadablePhoto(path, "unsupported", _line(error)) from None
    except _DAMAGE as error:
        missing_decoder = "decoder" in str(error) and "not available" in str(error)
        raise UnreadablePhoto(path, "unsupported" if missing_decoder else "truncated", _line(error)) from None


@contextmanager
def _quietly() -> Iterator[None]:
    """Pillow's warnings (corrupt EXIF, large picture) say nothing a row of the photograph table does not."""
    with _warnings_aside, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
