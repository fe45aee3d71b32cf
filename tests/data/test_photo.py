"""A photograph of any format, mode and orientation arrives as the sRGB picture a person sees; what is no photograph says so in one line."""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
import tempfile
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from huelab.data import photo
from huelab.data.photo import UnreadablePhoto
from huelab.errors import DataError

MANY = 10**8


@pytest.fixture
def scene() -> Image.Image:
    """A smooth colour picture, 60 x 40, no symmetry."""
    y, x = np.mgrid[0:40, 0:60].astype(np.float64)
    planes = [40 + 3 * x, 200 - 3 * y, 60 + x + 2 * y]
    return Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8))


@pytest.fixture
def real(samples: Path) -> Path:
    return sorted(samples.glob("*.jpg"))[0]


def read(path: Path, least_side: int | None = None) -> np.ndarray:
    return photo.read(path, max_pixels=MANY, least_side=least_side)[0]


def reason(path: Path, max_pixels: int = MANY) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        photo.read(path, max_pixels=max_pixels)
    message = str(caught.value)
    assert message.count("\n") == 0
    assert photo.printable(path) in message
    assert isinstance(caught.value, DataError)
    return caught.value.reason


# what a person sees


def test_jpeg_has_the_pixels_pillow_decodes(samples: Path) -> None:
    files = sorted(samples.glob("*.jpg"))
    assert files
    for file in files:
        with Image.open(file) as image:
            np.testing.assert_array_equal(read(file), np.asarray(image.convert("RGB")))


def test_facts_describe_the_file(real: Path) -> None:
    _, facts = photo.read(real, max_pixels=MANY)
    with Image.open(real) as image:
        expected = ("JPEG", "RGB", image.width, image.height, 1, 1, real.stat().st_size)
    assert (facts.format, facts.mode, facts.width, facts.height, facts.orientation, facts.frames, facts.file_bytes) == expected


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(scene: Image.Image, tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / f"turned.{suffix}"
    scene.save(file, exif=exif, **({"lossless": True} if suffix == "webp" else {}))
    rgb, facts = photo.read(file, max_pixels=MANY)
    stored = scene.copy()
    stored.getexif()[0x0112] = orientation
    with Image.open(file) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert facts.orientation == orientation
    assert (facts.height, facts.width) == rgb.shape[:2] == ((60, 40) if orientation >= 5 else (40, 60))
    np.testing.assert_array_equal(rgb, expected)


def test_least_side_gives_a_smaller_jpeg_that_is_large_enough(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    Image.new("RGB", (1000, 803), (10, 120, 200)).save(file)
    half, quarter, eighth = (402, 500), (201, 250), (101, 125)
    for least, shape in ((None, (803, 1000)), (500, (803, 1000)), (402, half), (401, half), (201, quarter), (64, eighth)):
        rgb, facts = photo.read(file, max_pixels=MANY, least_side=least)
        assert rgb.shape == (*shape, 3)
        assert (facts.width, facts.height) == (1000, 803)


def test_icc_profile_is_converted(scene: Image.Image, tmp_path: Path) -> None:
    """A wide-gamut photograph (colours swapped here, to be seen at once) keeps its colours; the sRGB profile changes nothing."""
    swapped = _profile_with_red_and_blue_swapped()
    for mode in ("RGB", "RGBA"):
        file = tmp_path / f"swapped-{mode}.png"
        scene.convert(mode).save(file, icc_profile=swapped)
        rgb, facts = photo.read(file, max_pixels=MANY)
        assert facts.has_icc
        difference = np.abs(rgb.astype(int) - np.asarray(scene)[..., ::-1])
        assert difference.mean() < 4
    scene.save(tmp_path / "swapped.jpg", icc_profile=swapped, quality=95)
    assert np.abs(read(tmp_path / "swapped.jpg").astype(int) - np.asarray(scene)[..., ::-1]).mean() < 6
    scene.save(tmp_path / "srgb.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    np.testing.assert_array_equal(read(tmp_path / "srgb.png"), np.asarray(scene))


def test_broken_icc_profile_is_ignored(scene: Image.Image, tmp_path: Path) -> None:
    good = _profile_with_red_and_blue_swapped()
    for index, broken in enumerate((b"nonsense", good[:200], good[:128] + bytes(400))):
        file = tmp_path / f"{index}.png"
        scene.save(file, icc_profile=broken)
        np.testing.assert_array_equal(read(file), np.asarray(scene))


def _profile_with_red_and_blue_swapped() -> bytes:
    """The sRGB profile with the tags of the red and blue colorants exchanged, and another name."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace(b"rXYZ", b"tmpX", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmpX", b"bXYZ", 1)
    return data.replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be")).replace(b"sRGB built-in", b"BGRs built-in")


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[..., 3] = np.array([0, 64, 128, 255])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    expected = np.rint(rgba[0, :, :3] * (rgba[0, :, 3:] / 255) + 255 * (1 - rgba[0, :, 3:] / 255))
    np.testing.assert_array_equal(read(tmp_path / "a.png")[0], expected)
    gray = Image.fromarray(rgba).convert("LA")
    gray.save(tmp_path / "la.png")
    assert read(tmp_path / "la.png")[0, 0].tolist() == [255, 255, 255]
    palette = Image.fromarray(rgba[..., :3]).quantize(2)
    palette.save(tmp_path / "p.png", transparency=palette.getpixel((0, 0)))
    assert (read(tmp_path / "p.png") == 255).all()


def test_palette_and_one_bit(scene: Image.Image, tmp_path: Path) -> None:
    palette = scene.quantize(16)
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read(tmp_path / "p.png"), np.asarray(palette.convert("RGB")))
    scene.convert("1").save(tmp_path / "one.png")
    assert set(np.unique(read(tmp_path / "one.png"))) == {0, 255}


def test_sixteen_bits_and_floats_are_scaled(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "16.png")
    Image.fromarray(ramp).save(tmp_path / "16.tif")
    for name in ("16.png", "16.tif"):
        np.testing.assert_array_equal(read(tmp_path / name)[..., 1], np.rint(ramp / 257))
    Image.fromarray((ramp / 65535).astype(np.float32)).save(tmp_path / "f.tif")
    np.testing.assert_allclose(read(tmp_path / "f.tif")[..., 0], ramp / 257, atol=0.51)
    broken = np.full((4, 4), np.nan, np.float32)
    Image.fromarray(broken).save(tmp_path / "nan.tif")
    assert (read(tmp_path / "nan.tif") == 0).all()
    deep = np.stack([ramp, ramp.T, 65535 - ramp], -1)
    (tmp_path / "rgb16.png").write_bytes(_png16(deep))
    np.testing.assert_allclose(read(tmp_path / "rgb16.png"), deep / 257, atol=1)


def _png16(rgb: np.ndarray) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    height, width = rgb.shape[:2]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_cmyk_looks_like_the_original(scene: Image.Image, tmp_path: Path) -> None:
    """Adobe stores CMYK inverted: a reader that forgets it shows a negative."""
    scene.convert("CMYK").save(tmp_path / "c.jpg", quality=95)
    scene.convert("CMYK").save(tmp_path / "c.tif")
    for name in ("c.jpg", "c.tif"):
        rgb, facts = photo.read(tmp_path / name, max_pixels=MANY)
        assert facts.mode == "CMYK"
        assert np.abs(rgb.astype(int) - np.asarray(scene)).mean() < 8
    assert read(tmp_path / "c.jpg", least_side=20).shape == (20, 30, 3)


def test_rgba_png_under_a_jpg_name(scene: Image.Image, tmp_path: Path) -> None:
    scene.convert("RGBA").save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "x.jpg")
    rgb, facts = photo.read(tmp_path / "x.jpg", max_pixels=MANY)
    assert (facts.format, facts.mode) == ("PNG", "RGBA")
    np.testing.assert_array_equal(rgb, np.asarray(scene))


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    rgb, facts = photo.read(tmp_path / "a.gif", max_pixels=MANY)
    assert facts.frames == 3
    assert (rgb == (255, 0, 0)).all()


def test_one_pixel(tmp_path: Path) -> None:
    for suffix in ("png", "jpg"):
        Image.new("RGB", (1, 1), "white").save(tmp_path / f"x.{suffix}")
        assert read(tmp_path / f"x.{suffix}", least_side=64).shape == (1, 1, 3)


def test_odd_names_are_read_and_printed_on_one_line(scene: Image.Image, tmp_path: Path) -> None:
    for name in (b"new\nline.png", "🌈 sky.png".encode(), b"latin-\xe9\xff.png", b"-rf.png"):
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
        with open(path, "wb") as file:
            scene.save(file, "PNG")
        assert read(path).shape == (40, 60, 3)
        shown = photo.printable(path)
        assert shown.isprintable()
        shown.encode()
        path.write_bytes(b"")
        assert reason(path) == "empty"


# what cannot be read


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"just some words, saved as a photograph\n", "not_an_image"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported"),
        (b"<?xml version='1.0'?><svg/>", "unsupported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "unsupported"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "unsupported"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(64), "not_an_image"),
        (b"PK\x03\x04" + bytes(60), "not_an_image"),
        (b"\xff\xd8\xff\xe0\0", "truncated"),
        (bytes(4096), "not_an_image"),
    ],
)
def test_what_is_no_photograph(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    assert reason(tmp_path / "x.jpg") == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
def test_a_file_cut_short_is_an_error_not_half_a_photograph(real: Path, tmp_path: Path, kind: str, share: float) -> None:
    memory = io.BytesIO()
    with Image.open(real) as image:
        image.save(memory, kind)
    data = memory.getvalue()
    (tmp_path / "cut.jpg").write_bytes(data[: int(len(data) * share)])
    assert reason(tmp_path / "cut.jpg") == "truncated"


def test_bytes_after_the_end_do_no_harm(real: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(real.read_bytes() + bytes(1000))
    np.testing.assert_array_equal(read(tmp_path / "x.jpg"), read(real))


def test_decompression_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    """900 million pixels in a file of under a megabyte: refused without decoding, without a warning, and Pillow's own limit untouched."""
    limit = Image.MAX_IMAGE_PIXELS
    (tmp_path / "bomb.png").write_bytes(_bomb(30000, 30000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reason(tmp_path / "bomb.png", max_pixels=120_000_000) == "too_many_pixels"
    assert limit == Image.MAX_IMAGE_PIXELS


def _bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_the_limit_is_ours_not_pillows(tmp_path: Path) -> None:
    """More pixels than Pillow would warn about are read when max_pixels allows them."""
    (tmp_path / "wide.png").write_bytes(_bomb(100_000, 1800))
    assert photo.read(tmp_path / "wide.png", max_pixels=200_000_000)[0].shape == (1800, 100_000, 3)
    assert reason(tmp_path / "wide.png", max_pixels=179_000_000) == "too_many_pixels"


def test_vanished_folder_and_pipe(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.jpg") == "vanished"
    assert reason(tmp_path) == "not_an_image"
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "not_an_image"


def test_a_file_that_may_not_be_read(real: Path) -> None:
    """Run as an ordinary user (root may read everything)."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        file = Path(folder, "secret.jpg")
        file.write_bytes(real.read_bytes())
        file.chmod(0)
        if os.geteuid() != 0:
            assert reason(file) == "not_permitted"
            return
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            try:
                photo.read(file, max_pixels=MANY)
            except UnreadablePhoto as error:
                os._exit(0 if error.reason == "not_permitted" else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_error_survives_the_way_between_processes() -> None:
    error = copy.copy(UnreadablePhoto(Path("a\nb.jpg"), "truncated", "2 bytes missing"))  # what pickling between processes does
    assert (error.reason, error.detail) == ("truncated", "2 bytes missing")
    assert str(error) == "a\\nb.jpg is cut short or damaged (2 bytes missing)."


def test_warnings_never_leak_even_with_threads(scene: Image.Image, tmp_path: Path) -> None:
    """A palette with transparency in bytes makes Pillow warn; the process keeps its own warning filters."""
    palette = scene.quantize(4)
    palette.save(tmp_path / "p.png", transparency=b"\xff\x80\x00\xff")
    before = list(warnings.filters)
    failures: list[BaseException] = []

    def work(task: Callable[[], object]) -> None:
        try:
            for _ in range(20):
                task()
        except BaseException as error:
            failures.append(error)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=work, args=(lambda: read(tmp_path / "p.png"),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert not caught
    assert list(warnings.filters) == before


def test_reading_imports_no_torch() -> None:
    """Inspecting photographs must not pay 1.4 s and 200 MB for torch."""
    code = "import sys; from huelab.data import photo; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
