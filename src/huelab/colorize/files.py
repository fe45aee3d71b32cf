"""Reads a photograph with what travels along (opacity, EXIF, XMP, resolution) and writes a coloured one with it, whole or not at all."""

from __future__ import annotations

import functools
import io
import itertools
import os
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from huelab.color.srgb import UInt8
from huelab.data import photo, pixels
from huelab.errors import DataError

WRITABLE = {
    **{".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF"},
    **{".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"},
}
"""Name endings of what can be written, and their formats."""
WITH_OPACITY = ("PNG", "WEBP", "AVIF", "TIFF")

_SAVE: dict[str, dict[str, Any]] = {
    # chroma at full resolution: halving it would bend the lightness along edges
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 4},
    "WEBP": {"quality": 95, "method": 3, "exact": True},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
    "TIFF": {},  # uncompressed: with libtiff's compressions Pillow cannot write EXIF and GPS details
    "BMP": {},
}
_KEEPS_XMP = ("JPEG", "WEBP", "AVIF")
_ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x0112, 0x8769, 0x8825
# of a TIFF's tags those that tell of the photograph; the others describe how the pixels of that one file are laid out
_TOLD = (0x010E, 0x010F, 0x0110, _ORIENTATION, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298, _EXIF_IFD, _GPS_IFD)
_JPEG_SEGMENT = 65_000
"""Bytes of EXIF or XMP that fit a JPEG."""
_serial = itertools.count()


@dataclass(frozen=True)
class Original:
    """A photograph as read: upright sRGB and what goes with it into the coloured file."""

    rgb: UInt8
    """(h, w, 3); transparent parts in their own colour."""
    over_white: UInt8
    """(h, w, 3); transparent parts laid over white: what the network sees, and what goes into formats without opacity."""
    opacity: UInt8 | None
    """(h, w); None where the photograph is opaque."""
    facts: photo.Facts
    exif: bytes
    xmp: bytes
    dpi: tuple[float, float] | None
    notes: tuple[str, ...]
    """What could not be kept, in words."""


def read(path: Path, *, max_pixels: int) -> Original:
    """The photograph at `path`, of any format and mode `huelab.data.photo.read` knows. Raises photo.UnreadablePhoto."""
    over_white, facts = photo.read(path, max_pixels=max_pixels)
    rgb, opacity, notes = over_white, None, []
    if facts.frames > 1 and facts.format != "JPEG":
        notes.append(f"only the first of its {facts.frames} {'pages' if facts.format == 'TIFF' else 'frames'}")
    exif, xmp, dpi = b"", b"", None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged metadata; what is lost is noted
        try:
            with Image.open(path) as image:
                exif, xmp, dpi = _exif(image, facts), _xmp(image), _dpi(image)
                if _has_opacity(image):
                    rgb, opacity = _opacity(image, facts)
        except (OSError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, Image.DecompressionBombError) as error:
            notes.append(f"without its metadata, which cannot be read ({' '.join(str(error).split()) or type(error).__name__})")
    if opacity is not None and opacity.min(initial=255) == 255:
        opacity = None
    return Original(rgb, over_white, opacity, facts, exif, xmp, dpi, tuple(notes))


def suffix_for(source: Path, original: Original) -> str:
    """The name ending of the coloured file: the source's where it is true and can be written, else its format's, else .png."""
    if original.opacity is not None and original.facts.format not in WITH_OPACITY:
        return ".png"
    if WRITABLE.get(source.suffix.lower()) == original.facts.format:
        return source.suffix
    return next((suffix for suffix, kind in WRITABLE.items() if kind == original.facts.format), ".png")


def write(target: Path, rgb: UInt8, original: Original, *, overwrite: bool) -> None:
    """Writes `rgb` (h, w, 3) sRGB to `target` in the format of its name ending, tagged sRGB, with what travels along.

    The file appears whole or not at all. Raises DataError where `target` exists and `overwrite` is not set, or where it cannot be written.
    """
    kind = WRITABLE[target.suffix.lower()]
    try:
        content = encode(rgb, original, kind)
    except (OSError, ValueError, RuntimeError) as error:  # WebP, for one, ends at 16,383 pixels
        height, width = rgb.shape[:2]
        raise DataError(f"{photo.printable(target)}: {width} x {height} pixels cannot be written as {kind} ({error}): try PNG.") from None
    temporary = target.with_name(f".huelab-{os.getpid()}-{next(_serial)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(content)
        if overwrite:
            os.replace(temporary, target)
        else:
            _place_new(temporary, target)
    except OSError as error:
        raise DataError(f"{photo.printable(target)} cannot be written: {error.strerror or error}.") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def encode(rgb: UInt8, original: Original, kind: str) -> bytes:
    """`rgb` (h, w, 3) as a file's content in format `kind` (a value of WRITABLE)."""
    if original.opacity is not None and kind in WITH_OPACITY:
        rgb = np.dstack([rgb, original.opacity])
    options: dict[str, Any] = {**_SAVE[kind], "icc_profile": srgb_profile()}
    room = _JPEG_SEGMENT if kind == "JPEG" else 1 << 30
    if 0 < len(original.exif) <= room:
        options["exif"] = original.exif
    if 0 < len(original.xmp) <= room and kind in _KEEPS_XMP:
        options["xmp"] = original.xmp
    elif original.xmp and kind == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", original.xmp.decode("utf-8", "replace"))
    if original.dpi:
        options["dpi"] = original.dpi
    content = io.BytesIO()
    Image.fromarray(rgb).save(content, kind, **options)
    return content.getvalue()


@functools.cache
def srgb_profile() -> bytes:
    """An ICC profile of sRGB, the same bytes every day: its creation date is set to that of the ICC's version 4 sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"".join(part.to_bytes(2, "big") for part in (2007, 7, 25, 0, 0, 0))
    return bytes(profile)


def _place_new(temporary: Path, target: Path) -> None:
    """Gives the file its name unless that is taken: even by another process, a moment ago."""
    try:
        os.link(temporary, target)
    except OSError:  # taken; or a file system without hard links
        if os.path.lexists(target):
            raise DataError(f"{photo.printable(target)} exists already: choose another folder, or allow overwriting.") from None
        os.replace(temporary, target)


def _has_opacity(image: Image.Image) -> bool:
    sixteen_bits = image.mode.startswith(("I", "F"))
    return not sixteen_bits and (image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info)


def _opacity(image: Image.Image, facts: photo.Facts) -> tuple[UInt8, UInt8]:
    """Colours (h, w, 3) as if opaque, and opacity (h, w), both upright."""
    gray = image.mode in ("LA", "La", "L", "1")
    profile = image.info.get("icc_profile")
    whole = image.convert("RGBA")
    opacity = np.asarray(whole.getchannel("A"))
    opaque = whole.convert("L" if gray else "RGB")
    opaque.info = {"icc_profile": profile} if profile else {}
    turn = 1 if facts.format == "TIFF" else facts.orientation  # Pillow turns TIFFs itself
    return pixels.upright(pixels.to_srgb(opaque), turn), pixels.upright(opacity, turn)


def _exif(image: Image.Image, facts: photo.Facts) -> bytes:
    """The EXIF of the upright sRGB picture: orientation, colour space and size set right, the gray thumbnail left out."""
    exif = image.getexif()
    if not exif:
        return b""
    if image.format == "TIFF":
        for tag in [tag for tag in exif if tag not in _TOLD]:
            del exif[tag]
    if _ORIENTATION in exif:
        exif[_ORIENTATION] = 1
    details = exif.get_ifd(_EXIF_IFD)
    for tag, value in ((0xA001, 1), (0xA002, facts.width), (0xA003, facts.height)):
        if tag in details:
            details[tag] = value
    return exif.tobytes() if exif else b""


def _xmp(image: Image.Image) -> bytes:
    xmp = image.info.get("xmp", b"")
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    if not isinstance(xmp, bytes):
        return b""
    return re.sub(rb'tiff:Orientation(="|>)[0-9]', rb"tiff:Orientation\g<1>1", xmp)


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    try:
        across, down = (float(value) for value in dpi) if dpi else (0.0, 0.0)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across <= 65535 and 1 <= down <= 65535 else None
