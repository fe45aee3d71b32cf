"""Weights files: safetensors alone. Pickled files run code when they are opened, so they are refused, and so is all that does not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from huelab.errors import ModelError

Shapes = dict[str, tuple[int, ...]]
"""Shape of each tensor, by name."""

_COUNTER = "num_batches_tracked"  # of batch norm; only a momentum of None reads it, and some files leave it out


def shapes(file: Path, *, advice: str) -> Shapes:
    """What `file` holds, from its header. Raises ModelError, which ends with `advice`, unless it is a whole safetensors file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as content:
            return {name: tuple(content.get_slice(name).get_shape()) for name in content.keys()}  # noqa: SIM118  (not a mapping)
    except (OSError, SafetensorError) as error:
        if _pickled(file):
            raise ModelError(
                f"{file} is a pickled PyTorch file. Opening one can run any code, so only safetensors files are loaded: {advice}"
            ) from None
        raise ModelError(f"{file} is not a whole safetensors file ({error}); it holds {_size(file)}: {advice}") from None


def check(file: Path, found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]], *, what: str, advice: str) -> None:
    """Raises ModelError unless `file`, which holds `found`, has all that `what` needs and nothing else."""
    missing = [name for name in wanted if name not in found and not name.endswith(_COUNTER)]
    surplus = [name for name in found if name not in wanted]
    other = [name for name in wanted if name in found and tuple(found[name]) != tuple(wanted[name])]
    said = []
    if missing:
        said.append(f"{len(missing)} of {len(wanted)} tensors are missing, such as {missing[0]}")
    if surplus:
        said.append(f"{len(surplus)} belong to something else, such as {surplus[0]}")
    if other:
        name = other[0]
        said.append(f"{len(other)} have another shape, such as {name}: {list(found[name])} where {list(wanted[name])} is needed")
    if said:
        raise ModelError(f"{file} is not of {what}: {'; '.join(said)}. {advice[:1].upper()}{advice[1:]}")


def sha256(file: Path) -> str:
    """Of the whole file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _pickled(file: Path) -> bool:
    """Whether a file that is no safetensors looks like torch.save's; the length that a safetensors file begins with may look so too."""
    try:
        with file.open("rb") as stream:
            start = stream.read(2)
    except OSError:
        return False
    return start == b"PK" or start[:1] == b"\x80"


def _size(file: Path) -> str:
    return f"{file.stat().st_size:,} bytes" if file.is_file() else "nothing"
