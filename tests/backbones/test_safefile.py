"""A file of weights is what its content says, not what its first byte looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from huelab.backbones import safefile
from huelab.errors import ModelError


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path: Path) -> None:
    """One file in thirty-two: its header is 128 bytes long, modulo 256, and a pickle begins with the byte 128."""
    file = tmp_path / "weights.safetensors"
    for padding in range(400):
        save_file({"a" + "x" * padding: np.zeros((2, 3), np.float32)}, file)
        if file.read_bytes()[:1] == b"\x80":
            break
    assert file.read_bytes()[:1] == b"\x80"
    assert list(safefile.shapes(file, advice="").values()) == [(2, 3)]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_is_called_one(zipped: bool, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    torch.save({"a": torch.zeros(2)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"pickled.*: do this"):
        safefile.shapes(file, advice="do this")
