"""Folders of scores as stage evaluate leaves them, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from huelab import metrics
from huelab.evaluation.evaluated import Evaluated

DATA = "0123456789ab"


def frame(scores: Mapping[str, Sequence[float]], photographs: Sequence[str] | None = None) -> pd.DataFrame:
    """A row per picture i0, i1, …; each of a photograph of its own unless `photographs` says otherwise."""
    count = len(next(iter(scores.values())))
    items = [f"i{place}" for place in range(count)]
    own = list(photographs) if photographs is not None else [f"p{place}" for place in range(count)]
    facts = {"item_id": items, "photo_id": own, "path": [f"{name}.jpg" for name in own], "group": own}
    return pd.DataFrame(facts | {name: np.asarray(values, float) for name, values in scores.items()})


def write(
    folder: Path,
    name: str,
    tables: pd.DataFrame | Mapping[int, pd.DataFrame],
    *,
    data: str = DATA,
    one_picture: str = "",
    **summary: object,
) -> Evaluated:
    """Writes scores.parquet, summary.json and, for the tables of several seeds, seeds.parquet; reads them back."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {} if isinstance(tables, pd.DataFrame) else dict(tables)
    table = tables if isinstance(tables, pd.DataFrame) else next(iter(seeds.values())).copy()
    columns = [column for column in table if column not in ("item_id", "photo_id", "path", "group")]
    if seeds:
        table[columns] = np.mean([own[columns].to_numpy() for own in seeds.values()], axis=0)
        pd.concat([own.assign(seed=seed) for seed, own in seeds.items()]).to_parquet(folder / "seeds.parquet", index=False)
    table.to_parquet(folder / "scores.parquet", index=False)
    known = {column: own for column in columns if column in metrics.names() and np.isfinite(own := float(table[column].mean()))}
    facts = {
        "model": name,
        "n_items": len(table),
        "n_photos": table["photo_id"].nunique(),
        "protocol": "Split by photograph.",
        "data_hash": data,
        "means": known,
        "set_level": {},
        "seeds": {str(seed): {} for seed in seeds},
        "not_computed": {},
        "one_picture": one_picture,
    }
    (folder / "summary.json").write_text(json.dumps({**facts, **summary}))
    return Evaluated.read(name, folder)
