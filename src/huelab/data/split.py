"""Which photographs train, validate, test: a pure function of a key and the seed. Adding photographs never moves an old one."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from huelab.params import Split, SplitParams

FOLDERS: dict[str, Split] = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders (any case) that say themselves what their photographs are for, with `split.by: folder`."""


def split_of(key: str, params: SplitParams) -> Split:
    """The split of whatever `key` names (a near-duplicate group, a folder, a tile).

    The key and `params.seed` are hashed to a number in [0, 1): below `test` it is test, below `test + val` it is val, else train. So the
    shares hold on average only, a larger `val` takes from train alone, and no other photograph has a say.
    """
    digest = hashlib.sha256(f"{params.seed}:{key}".encode("utf-8", "surrogateescape")).digest()
    number = int.from_bytes(digest[:8], "big") / 2**64
    if number < params.test:
        return "test"
    return "val" if number < params.test + params.val else "train"


def tile_split(photo_id: str, row: int, column: int, params: SplitParams) -> Split:
    """The split of one tile of a photograph, for `split.by: region`.

    Give the photograph's `group` as `photo_id` (the same for a photograph without near-duplicates): then the same tile of two
    near-duplicates never trains in one and tests in the other.
    """
    return split_of(f"{photo_id}:{row}:{column}", params)


def folder_split(path: str, group: str, has_val: bool, params: SplitParams) -> Split:
    """The split of the photograph at `path` (relative, with /), for `split.by: folder`.

    A folder of `FOLDERS` on the way decides; where no folder says val (`has_val`), val is carved from train by the near-duplicate `group`.
    Without such a folder, the photograph's own folder is hashed whole; a photograph in no folder goes by its group.
    """
    named = named_split(path)
    if named == "train" and not has_val:
        # test is decided by the folders here: only val's share is drawn
        return split_of(group, params.model_copy(update={"test": 0.0}))
    if named is not None:
        return named
    folder = str(PurePosixPath(path).parent)
    return split_of(group if folder == "." else f"folder:{folder}", params)


def named_split(path: str) -> Split | None:
    """The split that a folder on the way of `path` names, None where none does."""
    for part in PurePosixPath(path).parts[:-1]:
        if part.lower() in FOLDERS:
            return FOLDERS[part.lower()]
    return None


def label_of(path: str) -> str:
    """Its first folder (the convention of torchvision's ImageFolder), after a folder named train, val or test; "" where there is none."""
    folders = list(PurePosixPath(path).parts[:-1])
    for place, part in enumerate(folders):
        if part.lower() in FOLDERS:
            folders = folders[place + 1 :]
            break
    return folders[0] if folders else ""
