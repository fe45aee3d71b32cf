"""Arrays of one shape in .npy files of equal length ("shards"): put at planned places or appended, read through memory maps."""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Iterable
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from huelab.errors import DataError

_OPEN = 256  # each memory map holds a file descriptor


def shard_file(folder: Path, shard: int, kind: str = "shard") -> Path:
    """Where a shard lies."""
    return folder / f"{kind}-{shard:05d}.npy"


class ShardPlaces:
    """uint8 arrays of `shape` at numbered places of files of `per_shard` each, filled in any order, by several processes at once.

    One of the processes ends it with `close`; until then the files hold no header.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], *, per_shard: int, kind: str = "shard") -> None:
        self._folder = folder
        self._shape = shape
        self._per_shard = per_shard
        self._kind = kind

    def where(self, number: int) -> tuple[int, int]:
        """Shard of a place, and offset there."""
        return divmod(number, self._per_shard)

    def write(self, number: int, arrays: NDArray[np.uint8]) -> None:
        """Puts arrays (n, …) at the places from `number` on. Raises OSError when the disk is full."""
        while len(arrays):
            shard, offset = self.where(number)
            here = arrays[: self._per_shard - offset]
            with self._open(shard) as file:
                file.seek(self._start(offset))
                _write(file, np.ascontiguousarray(here, np.uint8).reshape(-1).data)
            number, arrays = number + len(here), arrays[len(here) :]

    def close(self, filled: Iterable[int]) -> None:
        """Moves the arrays at the places `filled` (ascending) together, so that no gap is left, and makes the files whole."""
        count = 0
        for number in filled:
            if number != count:
                self._move(number, count)
            count += 1
        used = -(-count // self._per_shard)
        for shard in range(used):
            here = min(self._per_shard, count - shard * self._per_shard)
            with self._open(shard) as file:
                _write(file, self._header(here))
                file.truncate(self._start(here))
        for file_left in self._folder.glob(f"{self._kind}-*.npy"):
            if file_left >= shard_file(self._folder, used, self._kind):
                file_left.unlink()

    def _move(self, number: int, to: int) -> None:
        shard, offset = self.where(number)
        with self._open(shard) as file:
            file.seek(self._start(offset))
            content = file.read(math.prod(self._shape))
        self.write(to, np.frombuffer(content, np.uint8).reshape(1, *self._shape))

    def _open(self, shard: int) -> FileIO:
        """To read and write, made where there is none yet; what it holds stays."""
        file = shard_file(self._folder, shard, self._kind)
        return FileIO(file, "r+", opener=lambda name, flags: os.open(name, flags | os.O_CREAT, 0o666))

    def _start(self, offset: int) -> int:
        """Byte at which an array of a file starts. NumPy leaves room for the first axis in the header: its length is always the same."""
        return len(self._header(0)) + offset * math.prod(self._shape)

    def _header(self, count: int) -> bytes:
        """Of a .npy file."""
        memory = BytesIO()
        np.lib.format.write_array_header_1_0(memory, {"descr": "|u1", "fortran_order": False, "shape": (count, *self._shape)})
        return memory.getvalue()


class ShardWriter:
    """Appends uint8 arrays of `shape` to files of at most `per_shard` each; nothing is kept in memory.

    Used in a `with` block; the files are whole when the block has ended.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], *, per_shard: int, kind: str = "shard") -> None:
        self._places = ShardPlaces(folder, shape, per_shard=per_shard, kind=kind)
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:  # after an error, on a full disk say, there is nothing left to write
            self._places.close(range(self._count))

    def append(self, array: NDArray[np.uint8]) -> tuple[int, int]:
        """Writes one array; gives its shard and its offset there."""
        self._places.write(self._count, array[None])
        self._count += 1
        return self._places.where(self._count - 1)


class Shards:
    """Reads arrays by shard and offset."""

    def __init__(self, folder: Path, kind: str = "shard") -> None:
        self.folder = folder
        self._kind = kind
        self._maps: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": OrderedDict()}  # another process maps the files itself

    def read(self, shards: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(n, …) copies of the arrays at (shard, offset); n at least 1."""
        if (shards == shards[0]).all():
            return np.asarray(self._map(int(shards[0]))[offsets])
        first = self._map(int(shards[0]))
        arrays = np.empty((len(shards), *first.shape[1:]), np.uint8)
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            arrays[here] = self._map(int(shard))[offsets[here]]
        return arrays

    def _map(self, shard: int) -> NDArray[np.uint8]:
        if shard in self._maps:
            self._maps.move_to_end(shard)
            return self._maps[shard]
        file = shard_file(self.folder, shard, self._kind)
        try:
            mapped = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataError(f"{file} cannot be read ({error}): delete {self.folder} and run `dvc repro`.") from None
        # a plain view: numpy's memmap class makes each small read several times slower
        self._maps[shard] = np.asarray(mapped)
        if len(self._maps) > _OPEN:
            self._maps.popitem(last=False)
        return self._maps[shard]


def _write(file: FileIO, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
