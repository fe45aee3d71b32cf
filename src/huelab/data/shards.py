"""Arrays of one shape in .npy files of equal length ("shards"): appended one by one, read through memory maps."""

from __future__ import annotations

from collections import OrderedDict
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


class ShardWriter:
    """Appends uint8 arrays of `shape` to files of at most `per_shard` each; one file is open at a time, nothing is kept in memory.

    Used in a `with` block; the last file is whole when the block has ended.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], *, per_shard: int, kind: str = "shard") -> None:
        self._folder = folder
        self._shape = shape
        self._per_shard = per_shard
        self._kind = kind
        self._count = 0
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            with self._file:  # after an error, on a full disk say, there is nothing left to write
                left = self._count % self._per_shard
                if left and kind is None:
                    self._file.seek(0)
                    self._write(self._header(left))

    def append(self, array: NDArray[np.uint8]) -> tuple[int, int]:
        """Writes one array; gives its shard and its offset there."""
        shard, offset = divmod(self._count, self._per_shard)
        if offset == 0:
            if self._file is not None:
                self._file.close()
            self._file = FileIO(shard_file(self._folder, shard, self._kind), "w")
            self._write(self._header(self._per_shard))
        self._write(np.ascontiguousarray(array, np.uint8).reshape(-1).data)
        self._count += 1
        return shard, offset

    def _write(self, content: bytes | memoryview) -> None:
        assert self._file is not None
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _header(self, count: int) -> bytes:
        """Of a .npy file. NumPy leaves room for the first axis, so the length does not depend on `count`."""
        memory = BytesIO()
        np.lib.format.write_array_header_1_0(memory, {"descr": "|u1", "fortran_order": False, "shape": (count, *self._shape)})
        return memory.getvalue()


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
