"""Pixels of any mode, bit depth and colour space as (h, w, 3) uint8 sRGB."""

from __future__ import annotations

import functools
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_BROKEN_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError)


def to_srgb(image: Image.Image) -> NDArray[np.uint8]:
    """A loaded Pillow image as sRGB: 16 bits and floats scaled, the ICC profile converted, transparency laid over white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image), whole_range=image.mode.startswith("I;16")))
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        gray = image.mode in ("LA", "La", "L", "1")
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
        image = image.convert("L" if gray else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode == "LAB":
        return _lab(image)
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    rgb = _converted(image, profile) if profile else None
    if rgb is None:
        rgb = np.array(image.convert("RGB"))
    return rgb if alpha is None else over_white(rgb, alpha)


def over_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`rgb` (h, w, 3) with opacity `alpha` (h, w) 0..255 in front of white, rounded to the nearest level."""
    share = alpha[..., None].astype(np.uint32)
    return ((rgb * share + 255 * (255 - share) + 127) // 255).astype(np.uint8)


def upright(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns and mirrors the stored pixels as EXIF orientation 1..8 demands (EXIF 2.3, tag 274)."""
    if orientation in (5, 6, 7, 8):
        rgb = rgb.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def profile_space(profile: bytes) -> str:
    """Colour space of an ICC profile, from its header: "RGB", "GRAY", "CMYK"…; "" where it is broken."""
    return profile[16:20].decode("ascii", "replace").strip() if len(profile) >= 128 and profile[36:40] == b"acsp" else ""


def profile_to_srgb(rgb: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """`rgb` (h, w, 3) read as an RGB ICC profile says, in sRGB (perceptual); unchanged where the profile is broken or is sRGB."""
    converted = _converted(Image.fromarray(rgb), profile)
    return rgb if converted is None else converted


def _eight_bits(values: NDArray[np.generic], *, whole_range: bool) -> NDArray[np.uint8]:
    """16-bit integers fill their range; other integers and floats are 0..1, 0..255 or 0..65535 if they fit, else stretched."""
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    if whole_range:
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 65535:
        integers = values.dtype.kind in "iu"
        low, high = 0.0, 65535.0 if high > 255 else 255.0 if high > 1 or integers else 1.0
    return np.rint((numbers - low) * (255.0 / ((high - low) or 1.0))).astype(np.uint8)


def _converted(image: Image.Image, profile: bytes) -> NDArray[np.uint8] | None:
    if {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(profile_space(profile)) != image.mode:
        return None
    transform = _transform(profile, image.mode)
    if transform is None:
        return None
    try:
        return np.array(ImageCms.applyTransform(image, transform))
    except _BROKEN_PROFILE:
        return None


@functools.lru_cache(maxsize=32)  # photographs of one camera share a profile, and building a transform costs more than using it
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None: nothing to convert (already sRGB) or nothing to convert by (broken)."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = (source.profile.profile_description or "").strip()
        if mode == "RGB" and (name.startswith("sRGB") or name == "c2"):  # c2 is the tiny sRGB profile of the web
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    except _BROKEN_PROFILE:
        return None


def _lab(image: Image.Image) -> NDArray[np.uint8]:
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return np.array(ImageCms.applyTransform(image, transform))
