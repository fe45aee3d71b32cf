"""The bytes of a picture as a participant gets them: by a random name that is theirs alone, and all of a version equally long."""

from __future__ import annotations

import struct
import threading
import zlib
from collections import OrderedDict

from sqlalchemy import bindparam, or_, select

from huelab import paths
from huelab.survey.refusal import Refused
from huelab.survey.schema import Base
from huelab.survey.store import Store

_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PADDING = b"zpAd"  # ancillary, private, safe to copy: every reader skips it
_KEPT = 8_000_000  # bytes of pictures kept in memory: those of the trials that are being loaded just now

_TRIAL, _VERSION = Base.metadata.tables["trial"], Base.metadata.tables["version"]
_LEFT, _RIGHT = Base.metadata.tables["stimulus"].alias("shown_left"), Base.metadata.tables["stimulus"].alias("shown_right")
_BOTH = (
    select(_TRIAL.c.left_nonce, _LEFT.c.sha256.label("left"), _TRIAL.c.right_nonce, _RIGHT.c.sha256.label("right"), _VERSION.c.body_bytes)
    .join(_LEFT, _LEFT.c.id == _TRIAL.c.left_id)
    .join(_VERSION, _VERSION.c.id == _LEFT.c.version_id)
    .outerjoin(_RIGHT, _RIGHT.c.id == _TRIAL.c.right_id)
    .where(or_(_TRIAL.c.left_nonce == bindparam("nonce"), _TRIAL.c.right_nonce == bindparam("nonce")))
)


class Pictures:
    """Reads pictures for one server process.

    Both of a trial are read together and kept by their random names, never by what they show: a real picture stands beside every
    colorizer's, and were it kept for the next trial it would come faster than a fake.
    """

    def __init__(self, store: Store) -> None:
        self.store, self._folder = store, paths.survey_stimuli()
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def kept(self, nonce: str) -> bytes | None:
        """The picture, if its trial was read a moment ago."""
        with self._lock:
            return self._kept.get(nonce)

    def body(self, nonce: str) -> bytes:
        """The PNG of the picture called `nonce`, as long as every other of its version. Raises Refused for a name nobody was told."""
        return self.kept(nonce) or self._read(nonce)[nonce]

    def _read(self, nonce: str) -> dict[str, bytes]:
        trial = self.store.first(_BOTH, {"nonce": nonce})
        if trial is None:
            raise Refused("unknown")
        names = {trial.left_nonce: trial.left} | ({} if trial.right_nonce is None else {trial.right_nonce: trial.right})
        try:
            files = {name: (self._folder / f"{sha256}.png").read_bytes() for name, sha256 in names.items()}
        except OSError:
            raise Refused("unavailable") from None
        both = {name: padded(content, trial.body_bytes) for name, content in files.items()}
        with self._lock:
            for name, content in both.items():
                self._size += len(content) - len(self._kept.pop(name, b""))
                self._kept[name] = content
            while self._size > _KEPT and len(self._kept) > len(both):
                self._size -= len(self._kept.popitem(last=False)[1])
        return both


def padded(png: bytes, length: int) -> bytes:
    """`png` with a chunk of zeros before its end, so that it is `length` bytes long. Raises ValueError where it does not fit.

    A reader of the pixels can still tell pictures apart; a reader of sizes cannot.
    """
    room = length - len(png) - 12
    if not png.endswith(_END) or room < 0:
        raise ValueError(f"a PNG of {len(png)} bytes cannot be padded to {length}")
    chunk = _PADDING + bytes(room)
    return png[: -len(_END)] + struct.pack(">I", room) + chunk + struct.pack(">I", zlib.crc32(chunk)) + _END
