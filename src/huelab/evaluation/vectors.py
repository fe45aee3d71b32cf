"""What metrics that compare distributions need of every picture: vectors.npz beside the scores, and their values for drawn pictures.

With several seeds the first one's vectors lie in vectors.npz and each further seed's in vectors-SEED.npz. A mean of vectors over seeds
would be no picture's vector, so a metric is computed of each seed's own, and the value of the colorizer is the mean of those values.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from huelab import paths
from huelab.data.replacing import replacing_file
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.evaluation.predict import Prediction
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

FILE = "vectors.npz"
OF_PHOTOGRAPH = "_truth"
"""How the names of vectors end that depend on the photograph alone: they are computed once for all colorizers."""
OF_TRAINING = "_reference"
MOST = 5000
"""Training pictures at most that a metric compares with; a hash picks them."""
_AT_ONCE = 64
_PATIENCE = 5.0
"""Seconds of silence before a line says how far it is."""

Table = NDArray[np.float32]
"""(pictures, length); NaN throughout for a picture without finite colours."""
Tables = Mapping[str, Table]
"""Vector name, or NAME_reference of metric NAME, -> table: the content of one seed's file."""


class KeptVectors:
    """Gathers every vector that the metrics in `computed` need of the test pictures of one seed. A `Collector`.

    `seed` names the file of a further seed; the first one's also holds the vectors of the training pictures.
    """

    def __init__(self, computed: Sequence[Metric], store: Store, seed: int | None = None) -> None:
        self.store = store
        self.seed = seed
        self.owners = {name: metric for metric in reversed(computed) for name in metric.vectors}
        self.compared = [metric for metric in computed if metric.reference] if seed is None else []
        self.rows: dict[str, list[Table | None]] = {name: [] for name in sorted(self.owners)}
        test = store.indices("test")
        self.files = {name: paths.vectors(_key(name, self.owners[name], store, test)) for name in self.rows if name.endswith(OF_PHOTOGRAPH)}
        self.known = {name: table for name, file in self.files.items() if (table := _kept(file, len(test))) is not None}

    def add(self, prediction: Prediction, pair: Pair | None) -> None:
        """Computes the vectors of the next test picture; one without finite colours has none."""
        for name, rows in self.rows.items():
            if pair is None:
                rows.append(None)
            elif name in self.known:
                rows.append(self.known[name][len(rows)])
            else:
                rows.append(np.asarray(self.owners[name].vectors[name](pair), np.float32))

    def write(self, folder: Path) -> None:
        """Writes vectors.npz, or the further seed's file; none where no metric needs vectors."""
        tables = {name: _table(rows) for name, rows in self.rows.items()}
        for name, file in self.files.items():
            if name not in self.known and all(row is not None for row in self.rows[name]):
                _keep(file, tables[name])
        for metric in self.compared:
            tables[f"{metric.name}{OF_TRAINING}"] = _of_training(metric, self.store)
        if tables:
            np.savez(folder / _name(self.seed), **tables)  # type: ignore[arg-type]  # its flag allow_pickle is no array


def read(folder: Path, seed: int | None = None) -> dict[str, Table]:
    """What the file of one seed in a colorizer's folder of scores holds, references included; empty where there is none.

    Raises DataError for a damaged file.
    """
    found: dict[str, Table] = {}
    for file in dict.fromkeys((folder / FILE, folder / _name(seed))):
        own = file.name == _name(seed)
        if not file.is_file():
            continue
        try:
            with np.load(file, allow_pickle=False) as content:
                found |= {name: content[name] for name in content.files if own or name.endswith(OF_TRAINING)}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"{file} is damaged ({error}): run `dvc repro --force --single-item evaluate@{folder.name}`.") from None
    return found


def read_all(folder: Path) -> list[dict[str, Table]]:
    """`read` of the first seed, then of the further ones by number; empty where there are none."""
    first = read(folder)
    seeds = sorted(int(file.stem.split("-", 1)[1]) for file in folder.glob(FILE.replace(".", "-*.")))
    return [first, *(read(folder, seed) for seed in seeds)] if first else []


def values(metric: Metric, seeds: Sequence[Tables], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws,) values of a metric that has `of_vectors`, where picture i is drawn counts[draw, i] times; the mean over `seeds`.

    NaN where there are no vectors, as for a colorizer that memorised one picture, and where the metric is undefined for a draw.
    """
    wanted = [(tables, name) for tables in seeds for name in metric.vectors]
    if metric.of_vectors is None or not wanted or any(name not in tables for tables, name in wanted):
        return np.full(len(counts), np.nan)
    if wrong := next((len(tables[name]) for tables, name in wanted if len(tables[name]) != counts.shape[1]), None):
        raise DataError(
            f"{metric.name}: {wrong} pictures have vectors but {counts.shape[1]} have scores: run `dvc repro --force evaluate`."
        )
    own = [
        metric.of_vectors({name: tables[name] for name in metric.vectors}, tables.get(f"{metric.name}{OF_TRAINING}"), counts)
        for tables in seeds
    ]
    return np.asarray(np.mean(own, axis=0), np.float64)


def usable(metric: Metric, seeds: Sequence[Tables], pictures: int) -> NDArray[np.bool_]:
    """(pictures,) whether every seed gave the picture all the vectors that the metric needs; all of them where no vectors were kept."""
    found = np.ones(pictures, np.bool_)
    for tables in seeds:
        for name in metric.vectors:
            if name in tables:
                found &= np.isfinite(tables[name]).all(axis=1)
    return found


def _name(seed: int | None) -> str:
    return FILE if seed is None else FILE.replace(".", f"-{seed}.")


def _table(rows: Sequence[Table | None]) -> Table:
    length = next((len(row) for row in rows if row is not None), 1)
    nothing = np.full(length, np.nan, np.float32)
    return np.array([nothing if row is None else row for row in rows], np.float32).reshape(len(rows), length)


def _of_training(metric: Metric, store: Store) -> Table:
    """The vectors of at most MOST training pictures, kept for the next colorizer."""
    assert metric.reference
    chosen = _chosen(store)
    file = paths.vectors(_key(f"{metric.name}{OF_TRAINING}", metric, store, chosen))
    table = _kept(file, len(chosen))
    if table is None:
        table = metric.reference(_contents(store, chosen, metric.name))
        _keep(file, table)
    return table


def _chosen(store: Store) -> NDArray[np.int64]:
    """Indices of the training pictures to compare with, in the store's order: all, or those of the least hashes of their item_id."""
    train = store.indices("train")
    if len(train) <= MOST:
        return train
    items = [str(item) for item in store.items["item_id"].to_numpy()[train]]
    order = sorted(range(len(train)), key=lambda place: hashlib.sha256(items[place].encode()).digest())
    return train[sorted(order[:MOST])]


def _contents(store: Store, indices: NDArray[np.int64], name: str) -> Iterator[NDArray[np.uint8]]:
    """The pictures at `indices`, padding cropped away; says how far it is where that takes long."""
    began = said = time.monotonic()
    for start in range(0, len(indices), _AT_ONCE):
        part = indices[start : start + _AT_ONCE]
        for picture, (top, left, height, width) in zip(store.read(part), store.boxes(part), strict=True):
            yield picture[top : top + height, left : left + width]
        now, done = time.monotonic(), start + len(part)
        if now - said > _PATIENCE and done < len(indices):
            said = now
            left_over = (now - began) / done * (len(indices) - done)
            print(f"evaluate: {name} has seen {done}/{len(indices)} training pictures, {left_over:.0f} s left", flush=True)


def _key(name: str, metric: Metric, store: Store, indices: NDArray[np.int64]) -> str:
    """Another for other weights, another way to show them pictures (the unit states it), or other pictures."""
    rows = store.items.iloc[indices]
    facts = {
        "vectors": [name, metric.name, metric.unit, metric.weights_sha256],
        "torch": version("torch"),  # whose rounding they have
        "pictures": [store.meta["recipe"], rows["item_id"].tolist(), rows["sha256"].tolist()],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _kept(file: Path, pictures: int) -> Table | None:
    """What `file` holds; None where it is absent, damaged or of other pictures."""
    try:
        table = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = isinstance(table, np.ndarray) and table.dtype == np.float32 and table.ndim == 2 and len(table) == pictures
    return table if good and bool(np.isfinite(table).all()) else None


def _keep(file: Path, table: Table) -> None:
    with replacing_file(file) as new, new.open("wb") as stream:
        np.save(stream, table, allow_pickle=False)
