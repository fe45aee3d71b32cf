"""What a store held, kept after it has changed: which pictures a champion of earlier photographs learned from. Light to import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from huelab import paths
from huelab.data.replacing import replacing_file

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("item_id", "photo_id", "split")


def remember() -> None:
    """Keeps, under the hash of its data, which pictures the present store trains, validates and tests on; nothing where there is none."""
    try:
        hashed = json.loads((paths.store() / "meta.json").read_text(encoding="utf-8"))["data_hash"]
        if not isinstance(hashed, str) or paths.split_record(hashed).is_file():
            return
        import pandas as pd

        items = pd.read_parquet(paths.store() / "items.parquet", columns=list(_COLUMNS))
    except (OSError, ValueError, LookupError, TypeError):  # none yet, or damaged: stage standardize says more
        return
    with replacing_file(paths.split_record(hashed)) as new:
        items.to_parquet(new, index=False)


def recall(hashed: str) -> pd.DataFrame | None:
    """The pictures (item_id, photo_id, split) of the store with that data hash; None where nobody remembers them rightly."""
    import pandas as pd

    from huelab.data.standardize import data_hash

    try:
        found = pd.read_parquet(paths.split_record(hashed))
        return found if data_hash(found) == hashed else None
    except (OSError, ValueError, KeyError):
        return None
