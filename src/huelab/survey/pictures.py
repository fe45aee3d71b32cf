"""The bytes of a picture as a participant gets them: by a random name that is theirs alone, and all of a version equally long."""

from __future__ import annotations

import struct
import threading
import zlib
from collections import OrderedDict

from sqlalchemy import or_, select

from huelab import paths
from huelab.survey.refusal import Refused
from huelab.survey.schema import Stimulus, Trial, Version
from huelab.survey.store import Store

_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PADDING = b"zpAd"  # ancillary, private, safe to copy: every reader skips it
_KEPT = 64_000_000  # bytes of pictures kept in memory


class Pictures:
    """Reads pictures for one server process; the most recently shown stay in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0

    def body(self, nonce: str) -> bytes:
        """The PNG of the picture called `nonce`, as long as every other of its version. Raises Refused for a name nobody was told."""
        with self.store.read() as session:
            trial = session.scalar(select(Trial).where(or_(Trial.left_nonce == nonce, Trial.right_nonce == nonce)))
            if trial is None:
                raise Refused("unknown")
            shown = session.get_one(Stimulus, trial.left_id if trial.left_nonce == nonce else trial.right_id)
            length = session.get_one(Version, shown.version_id).body_bytes
        return self._read(shown.sha256, length)

    def _read(self, sha256: str, length: int) -> bytes:
        key = (sha256, length)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            content = padded((paths.survey_stimuli() / f"{sha256}.png").read_bytes(), length)
        except OSError:
            raise Refused("unavailable") from None
        with self._lock:
            if key not in self._kept:
                self._kept[key] = content
                self._size += len(content)
            while self._size > _KEPT and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1])
        return content


def padded(png: bytes, length: int) -> bytes:
    """`png` with a chunk of zeros before its end, so that it is `length` bytes long. Raises ValueError where it does not fit.

    A reader of the pixels can still tell pictures apart; a reader of sizes cannot.
    """
    room = length - len(png) - 12
    if not png.endswith(_END) or room < 0:
        raise ValueError(f"a PNG of {len(png)} bytes cannot be padded to {length}")
    chunk = _PADDING + bytes(room)
    return png[: -len(_END)] + struct.pack(">I", room) + chunk + struct.pack(">I", zlib.crc32(chunk)) + _END
