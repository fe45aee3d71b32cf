"""Brings the photographs of an archive, a picture, a web address or an awkward folder into a new folder, safely."""

from __future__ import annotations

import http.client
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import huelab
from huelab.data.archives import kind_of, unpack
from huelab.data.listing import list_files
from huelab.data.photo import printable
from huelab.data.tracked import without_secrets
from huelab.errors import DataError

_CHUNK = 1 << 20
_PATIENCE = 60  # seconds without a byte before a server is given up

Say = Callable[[str], None]


def fetch_file(file: Path, folder: Path, *, name: str = "") -> None:
    """Fills `folder` from an archive (unpacked) or a single picture (copied as `name`). Raises DataError."""
    if kind_of(file):
        unpack(file, folder)
    else:
        shutil.copyfile(file, folder / (name or file.name))


def copy_folder(source: Path, folder: Path) -> list[tuple[str, str]]:
    """Copies a folder that DVC would stumble over; returns (path, why) of the files that could not be read and were left out.

    Links are followed, names that are not UTF-8 are escaped with backslashes, what operating systems drop is left behind.
    """
    left_out = []
    for item in list_files(source).found:
        if item.problem:
            left_out.append((item.path, item.problem))
            continue
        origin = Path(os.fsdecode(os.path.join(os.fsencode(source), item.file)))
        target = folder / item.file.decode("utf-8", "backslashreplace")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            origin.open("rb").close()
        except OSError as error:
            left_out.append((item.path, (error.strerror or str(error)).lower()))
            continue
        shutil.copyfile(origin, target)
    return left_out


def download(url: str, file: Path, *, say: Say) -> None:
    """Fetches an http(s) address into `file`. Raises DataError: no answer, an error, a web page instead of a file, cut short."""
    shown = without_secrets(url)
    request = urllib.request.Request(url, headers={"User-Agent": f"huelab/{huelab.__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer, file.open("wb") as stream:
            length = int(answer.headers.get("Content-Length") or 0)
            free = shutil.disk_usage(file.parent).free
            if length > free:
                raise DataError(f"{shown} is {length / 2**20:.0f} MiB, and only {free / 2**20:.0f} MiB are free here. Nothing was changed.")
            say(f"Fetching {shown}" + (f", {length / 2**20:.1f} MiB" if length else ""))
            got = 0
            while chunk := answer.read(_CHUNK):
                if got == 0:
                    _refuse_web_page(chunk, shown)
                stream.write(chunk)
                got += len(chunk)
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(f"{shown} answered {error.code} {error.reason}: check the address.") from None
    except urllib.error.URLError as error:
        raise DataError(f"{shown} cannot be reached: {error.reason}.") from None
    except (http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise DataError(f"{shown} could not be fetched: {' '.join(str(error).split()) or type(error).__name__}.") from None
    if length and got != length:
        raise DataError(f"{shown} was cut short: {got} of {length} bytes came. Try again.")
    if not got:
        raise DataError(f"{shown} is empty.")


def name_in(url: str) -> str:
    """The file name at the end of a URL."""
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).replace("\\", "/").rpartition("/")[2] or "photograph"


def _refuse_web_page(start: bytes, shown: str) -> None:
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        what = "the listing of a folder" if b"directory listing" in head or b"index of" in head else "a web page"
        raise DataError(f"{printable(shown)} is {what}, not photographs: give the address of a .zip, a .tar(.gz) or a single picture.")
