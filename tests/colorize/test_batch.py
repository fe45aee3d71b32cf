"""Photographs are irreplaceable: none may be lost or written over, none silently left out."""

import os
import resource
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image
from skimage import color

from huelab.colorize.batch import colorize
from huelab.errors import DataError, ModelError, UsageError

EXIF_CAMERA, EXIF_ORIENTATION = 0x010F, 0x0112


def run(inputs, output, **options):
    lines = []
    outcome = colorize([*inputs] if isinstance(inputs, list) else [inputs], output, model="beta", device="cpu", say=lines.append, **options)
    return outcome, lines


def read(file):
    with Image.open(file) as image:
        image.load()
        return image


def test_a_folder_keeps_its_structure_and_every_file_is_accounted_for(beta, gray, tmp_path):
    photos = tmp_path / "photos"
    (photos / "1920" / "summer").mkdir(parents=True)
    Image.fromarray(gray).save(photos / "a.jpg")
    Image.fromarray(gray).save(photos / "1920" / "b.PNG")
    Image.fromarray(gray).save(photos / "1920" / "summer" / "c.tif")
    (photos / "1920" / "cut.jpg").write_bytes((photos / "a.jpg").read_bytes()[:400])
    (photos / "1920" / "notes.txt").write_text("found in the attic")
    (photos / "1920" / "text.jpg").write_text("not a picture")
    seen = []
    outcome, lines = run(photos, tmp_path / "out", progress=lambda *step: seen.append(step))
    assert sorted(str(one.target.relative_to(tmp_path / "out")) for one in outcome.coloured) == ["1920/b.PNG", "1920/summer/c.tif", "a.jpg"]
    assert sorted(one.source.name for one in outcome.failed) == ["cut.jpg", "text.jpg"]
    assert [path.name for path in outcome.passed_over] == ["notes.txt"]
    assert outcome.exit_code == 1
    assert any("cut.jpg" in line and "cut short" in line for line in lines)
    assert lines[-1] == "3 photographs coloured, 2 not, 1 other file passed over"
    assert [step[:2] for step in seen] == [(done, 6) for done in range(7)]
    assert len([file for file in (tmp_path / "out").rglob("*") if file.is_file()]) == 3  # and no temporary files


def test_lightness_of_the_original_is_in_the_file(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    outcome, _ = run(tmp_path / "a.png", tmp_path / "out.png")
    assert outcome.exit_code == 0
    result = np.asarray(read(tmp_path / "out.png"))
    assert result.shape == (*gray.shape, 3)
    assert np.abs(color.rgb2lab(result)[..., 0] - color.rgb2lab(np.repeat(gray[..., None], 3, axis=2))[..., 0]).max() <= 0.5


def modes(gray, coffee):
    rgb, height, width = Image.fromarray(coffee), *gray.shape
    opacity = Image.fromarray(np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1)))
    rgba = rgb.copy()
    rgba.putalpha(opacity)
    gray_and_opacity = Image.fromarray(gray)
    gray_and_opacity.putalpha(opacity)
    return {
        "1.png": Image.fromarray(gray).convert("1"),
        "L.jpg": Image.fromarray(gray),
        "LA.png": gray_and_opacity,
        "16.png": Image.fromarray(gray.astype(np.uint16) * 257),
        "16.tif": Image.fromarray(gray.astype(np.uint16) * 257),
        "float.tif": Image.fromarray(gray.astype(np.float32) / 255),
        "cmyk.jpg": rgb.convert("CMYK"),
        "palette.png": rgb.quantize(32),
        "RGBA.png": rgba,
        "RGBA.webp": rgba,
        "RGBA.tif": rgba,
        "rgb.bmp": rgb,
        "rgb.avif": rgb,
    }


def test_every_mode_and_format(beta, gray, coffee, tmp_path):
    pictures = modes(gray, coffee)
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, picture in pictures.items():
        picture.save(source / name, **({"lossless": True, "exact": True} if name.endswith("webp") else {}))
    outcome, _ = run(source, out)
    assert not outcome.failed
    for name in pictures:
        result = read(out / name)
        assert result.size == (90, 60), name
        assert result.mode == ("RGBA" if name.startswith(("RGBA", "LA")) else "RGB"), name
        if not name.endswith("bmp"):
            assert result.info["icc_profile"], name
        if result.mode == "RGBA":
            assert np.array_equal(np.asarray(result)[..., 3], np.asarray(pictures[name])[..., -1]), name
    # lightness of what lies beneath transparent parts is that of the picture, not of white paper
    beneath = np.asarray(read(out / "RGBA.png"))[..., :3]
    assert np.abs(color.rgb2lab(beneath)[..., 0] - color.rgb2lab(coffee)[..., 0]).max() <= 0.5


def test_opacity_is_laid_on_white_where_the_format_knows_none(beta, gray, coffee, tmp_path):
    modes(gray, coffee)["RGBA.png"].save(tmp_path / "a.png")
    outcome, lines = run(tmp_path / "a.png", tmp_path / "out.jpg")
    assert outcome.coloured[0].notes == ("its transparent parts lie on white, for JPEG knows no opacity",)
    assert any("white" in line for line in lines)
    assert np.asarray(read(tmp_path / "out.jpg"))[:, 0].min() > 240


def test_exif_is_kept_and_the_picture_stands_upright(beta, gray, tmp_path):
    exif = Image.Exif()
    exif[EXIF_CAMERA], exif[EXIF_ORIENTATION] = "Leica", 6
    details = exif.get_ifd(0x8769)
    details[0xA001], details[0x9003], details[0xA002], details[0xA003] = 0xFFFF, "1931:05:01 12:00:00", 90, 60
    exif.get_ifd(0x8825)[1] = "N"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="Attic"/></x:xmpmeta>'
    for name in ("a.jpg", "a.webp", "a.png", "a.tif"):
        options = {} if name.endswith(("png", "tif")) else {"xmp": xmp}
        Image.fromarray(gray).convert("RGB").save(tmp_path / name, exif=exif.tobytes(), dpi=(300, 300), **options)
        outcome, _ = run(tmp_path / name, tmp_path / "out" / name)
        assert not outcome.failed
        result = read(tmp_path / "out" / name)
        kept = result.getexif()
        assert result.size == (60, 90), name
        assert kept[EXIF_CAMERA] == "Leica"
        assert kept.get(EXIF_ORIENTATION, 1) == 1
        assert kept.get_ifd(0x8769)[0x9003] == "1931:05:01 12:00:00"
        assert kept.get_ifd(0x8769)[0xA001] == 1  # sRGB now
        assert (kept.get_ifd(0x8769)[0xA002], kept.get_ifd(0x8769)[0xA003]) == (60, 90)
        assert kept.get_ifd(0x8825)[1] == "N"
        if options:
            assert b'tiff:Orientation="1"' in result.info["xmp"]
            assert b"Attic" in result.info["xmp"]
        upright = np.rot90(gray, -1)
        assert np.corrcoef(np.asarray(result.convert("L")).ravel(), upright.ravel())[0, 1] > 0.97, name


def test_xmp_survives_in_png(beta, gray, tmp_path):
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>Attic</x:xmpmeta>")
    Image.fromarray(gray).save(tmp_path / "a.png", pnginfo=text)
    run(tmp_path / "a.png", tmp_path / "out.png")
    assert b"Attic" in read(tmp_path / "out.png").info["xmp"]


def test_another_colour_space_becomes_srgb(beta, coffee, tmp_path):
    from PIL import ImageCms

    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    ImageCms.applyTransform(Image.fromarray(coffee), to_lab).save(tmp_path / "lab.tif")
    outcome, _ = run(tmp_path / "lab.tif", tmp_path / "out.png")
    assert not outcome.failed
    result = read(tmp_path / "out.png")
    assert b"sRGB" in result.info["icc_profile"].replace(b"\0", b"")
    assert np.abs(color.rgb2lab(np.asarray(result))[..., 0] - color.rgb2lab(coffee)[..., 0]).mean() < 1


def test_animations_give_their_first_frame_as_png_and_say_so(beta, gray, tmp_path):
    frames = [Image.fromarray(np.roll(gray, shift, axis=1)) for shift in (0, 10, 20)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    outcome, lines = run(tmp_path / "a.gif", tmp_path / "out")
    assert outcome.coloured[0].target == tmp_path / "out" / "a.png"
    assert any("only the first of its 3 frames" in line for line in lines)


def test_content_decides_not_the_name(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "photo.jpg")
    outcome, _ = run(tmp_path / "photo.jpg", tmp_path / "out")
    assert outcome.coloured[0].target.name == "photo.png"
    assert read(outcome.coloured[0].target).format == "PNG"


def test_no_two_results_share_a_name(beta, gray, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("scan.gif", "scan.png", "photo.1930", "photo.1931"):
        Image.fromarray(gray).save(source / name, format="GIF" if name.endswith("gif") else "PNG")
    outcome, _ = run(source, tmp_path / "out")
    assert not outcome.failed
    assert sorted(one.target.name for one in outcome.coloured) == ["photo.1930.png", "photo.1931.png", "scan.png", "scan.png.png"]


def test_several_inputs_keep_their_folders_names(beta, gray, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(gray).save(tmp_path / folder / "x.png")
    outcome, _ = run([tmp_path / "a", tmp_path / "b", tmp_path / "a" / "x.png"], tmp_path / "out")
    assert [one.target.relative_to(tmp_path / "out").as_posix() for one in outcome.coloured] == ["a/x.png", "b/x.png"]


def test_an_input_is_never_written_over(beta, gray, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(gray).save(photos / "a.png")
    before = (photos / "a.png").read_bytes()
    os.symlink(photos / "a.png", tmp_path / "link.png")
    for target in (photos, photos / "a.png", tmp_path / "link.png"):
        outcome, _ = run(photos / "a.png", target, overwrite=True)
        assert outcome.exit_code == 1
        assert "inputs are never written over" in outcome.failed[0].reason
    outcome, _ = run(photos, photos, overwrite=True)
    assert outcome.exit_code == 1
    assert (photos / "a.png").read_bytes() == before


def test_other_files_are_written_over_only_when_asked(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    (tmp_path / "out.png").write_bytes(b"precious")
    outcome, _ = run(tmp_path / "a.png", tmp_path / "out.png")
    assert "exists already" in outcome.failed[0].reason
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    outcome, _ = run(tmp_path / "a.png", tmp_path / "out.png", overwrite=True)
    assert outcome.exit_code == 0
    assert read(tmp_path / "out.png").size == (90, 60)


def test_a_name_taken_meanwhile_is_not_written_over(beta, gray, tmp_path):
    from huelab.colorize import files

    Image.fromarray(gray).save(tmp_path / "a.png")
    original = files.read(tmp_path / "a.png", max_pixels=10**6)
    (tmp_path / "b.png").write_bytes(b"precious")
    with pytest.raises(DataError, match="exists already"):
        files.write(tmp_path / "b.png", original.rgb, original, overwrite=False)
    assert (tmp_path / "b.png").read_bytes() == b"precious"


def test_results_in_a_folder_below_are_not_coloured_again(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    for _ in range(2):
        outcome, _ = run(tmp_path, tmp_path / "coloured", overwrite=True)
        assert [one.source.name for one in outcome.coloured if one.source.suffix == ".png"] == ["a.png"]
    outcome, _ = run(tmp_path / "coloured", tmp_path, overwrite=False)  # the output above the input is no reason to skip it
    assert len(outcome.failed) == 1


def test_results_are_the_same_bytes_every_time(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.jpg")
    run(tmp_path / "a.jpg", tmp_path / "1.jpg")
    run(tmp_path / "a.jpg", tmp_path / "2.jpg")
    assert (tmp_path / "1.jpg").read_bytes() == (tmp_path / "2.jpg").read_bytes()


def test_strange_names_survive(beta, gray, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    names = [b"two\nlines.png", "gelb🌻.png".encode(), b"latin-\xe9.png"]
    for name in names:
        with open(os.path.join(os.fsencode(source), name), "wb") as file:
            Image.fromarray(gray).save(file, "PNG")
    outcome, lines = run(source, tmp_path / "out")
    assert not outcome.failed
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(names)
    assert all("\n" not in line for line in lines)


def test_a_full_disk_leaves_no_half_file_and_the_earlier_results(beta, gray, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    Image.fromarray(gray[:2, :2]).save(source / "a.png")
    noise = np.random.default_rng(0).integers(0, 256, (400, 400), dtype=np.uint8)
    Image.fromarray(noise).save(source / "b.png")
    out = tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))  # writing more fails as on a full disk
    try:
        outcome, _ = run(source, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert [one.source.name for one in outcome.coloured] == ["a.png"]
    assert "cannot be written" in outcome.failed[0].reason
    assert os.listdir(out) == ["a.png"]


def test_what_cannot_be_read_is_listed_and_the_rest_done(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    outcome, _ = run([tmp_path / "gone.png", tmp_path / "a.png"], tmp_path / "out")
    assert len(outcome.coloured) == 1
    assert "no longer there" in outcome.failed[0].reason
    outcome, _ = run(tmp_path / "a.png", tmp_path / "big", max_pixels=100)
    assert "more than 100" in outcome.failed[0].reason


def test_damaged_metadata_does_not_cost_the_picture(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x55" * 40)
    outcome, _ = run(tmp_path / "a.jpg", tmp_path / "out")
    assert len(outcome.coloured) == 1


def test_wrong_use_is_said_before_anything_is_loaded(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="Nothing to colour"):
        run([], tmp_path / "out")
    with pytest.raises(UsageError, match=r"\.gif cannot be written"):
        run(tmp_path / "a.png", tmp_path / "out.gif")
    with pytest.raises(UsageError, match="is a file"):
        run([tmp_path / "a.png", tmp_path], tmp_path / "a.png")
    with pytest.raises(DataError, match="no file in"):
        run(tmp_path / "empty", tmp_path / "out")
    shutil.rmtree(beta)
    with pytest.raises(ModelError, match="make run"):
        colorize([tmp_path / "a.png"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_picture_too_large_for_its_format_says_so(beta, tmp_path):
    Image.new("L", (17_000, 4), 90).save(tmp_path / "a.png")
    outcome, _ = run(tmp_path / "a.png", tmp_path / "out.webp")
    assert "cannot be written as WEBP" in outcome.failed[0].reason


def test_unwritable_folder(beta, gray, tmp_path):
    Image.fromarray(gray).save(tmp_path / "a.png")
    (tmp_path / "blocked").write_text("a file where a folder should be")
    outcome, _ = run(tmp_path / "a.png", tmp_path / "blocked" / "out.png")
    assert "cannot be written" in outcome.failed[0].reason
    assert subprocess.run(["ls", str(tmp_path / "blocked")], check=True, capture_output=True).stdout  # still there
