"""What the run of a colorizer, and that of a comparison, should be in MLflow: names, tags, numbers, artifacts. Reads files only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.errors import HuelabError
from huelab.tracking import provenance, results
from huelab.tracking.results import Result
from huelab.tracking.writing import NOTE, PARENT, Wanted, shorten

CONTENT = "huelab.content"
"""Tag by which a result is found again: the hash of its model and scores."""
COMPARISON = "huelab.comparison"
"""Tag by which the parent of a comparison is found again."""
EXPERIMENT = "experiment"
PRESENT = "present"
"""Tag: whether a run stands for the present results of its comparison, or for former ones."""

_TABLE_ROWS = 2000
"""Photographs in the table that MLflow's pages show; scores.parquet has them all."""


def of_result(result: Result, *, experiment: str, parent: str) -> Wanted:
    """The run of one colorizer."""
    timing, card = paths.timing(result.name), result.saved.folder / "card.json"  # a floor has no timing
    return Wanted(
        name=f"{result.name} (its own picture)" if result.saved.one_picture else result.name,
        identity={CONTENT: result.content, EXPERIMENT: experiment},
        tags={**_tags(result), PRESENT: "true", PARENT: parent, **_table_tag()},
        first_tags=provenance.tags(),
        params=result.params(),
        metrics={**result.facts(), **result.scores(), **result.differences()},
        curves=result.curves(),
        dataset=_dataset(result),
        files=_files(result),
        seconds=float(result.timing.get("seconds") or 0.0),
        ended=(timing if timing.is_file() else card).stat().st_mtime,
    )


def of_comparison(some: Sequence[Result], leaderboard: Mapping[str, Any], *, experiment: str) -> Wanted:
    """The parent of all runs of one named experiment on the same photographs and split; it carries the newest leaderboard and report."""
    first = some[0]
    compared = leaderboard.get("data_hash") == first.data_hash  # else it, the tables and the report are of other photographs
    leaderboard = leaderboard if compared else {}
    counts = _meta(first.data_hash).get("photographs")
    photographs = f"{counts} photographs " if counts else ""
    tags = {
        "kind": "comparison",
        "data_hash": first.data_hash,
        "protocol": str(first.summary.get("protocol", "")),
        "colorizers": ", ".join(result.name for result in some),
        "best": str(leaderboard.get("best") or ""),
        "sorted_by": str(leaderboard.get("sort") or ""),
        NOTE: _comparison_note() if compared else "",
    }
    numbers = {"pictures": leaderboard.get("n_items"), "photographs": leaderboard.get("n_photos")}
    numbers |= {f"smallest_difference/{metric}": value for metric, value in (leaderboard.get("power") or {}).items()}
    return Wanted(
        name=f"{experiment}: {photographs}{first.data_hash[:8]}",
        identity={COMPARISON: first.data_hash, EXPERIMENT: experiment},
        tags={**provenance.tags(), **_not_empty(tags)},
        metrics=results.finite(numbers),
        dataset=_dataset(first),
        files={str(file.relative_to(paths.reports())): file for file in (_reports() if compared else ())},
    )


def _tags(result: Result) -> dict[str, str]:
    info, budget = result.saved.info, result.saved.card.get("budget") or {}
    seeds = result.row.get("seeds") or [result.saved.card.get("seed", 0)]
    tied = result.row.get("tied_with_best")
    return _not_empty(
        {
            "model": result.name,
            "kind": result.kind,
            "floor": str(result.saved.floor).lower(),
            "family": info.objective,
            "paper": info.paper,
            "data_hash": result.data_hash,
            "protocol": str(result.summary.get("protocol", "")),
            "budget": ", ".join(f"{value:g} {key}" for key, value in budget.items()) or ("" if result.saved.floor else "its own"),
            "seeds": "" if result.saved.floor else ", ".join(map(str, seeds)),
            "tied_with_best": "" if tied is None else str(bool(tied)).lower(),
            "not_computed": ", ".join(result.summary.get("not_computed") or ()),
            NOTE: _note(result),
        }
    )


def _not_empty(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if value}


def _note(result: Result) -> str:
    """The model card; before there is one, a sentence."""
    card = paths.model_card(result.name)
    if card.is_file():
        return shorten(card.read_text(encoding="utf-8"), "… the whole card is the artifact model_card.md.")
    info = result.saved.info
    source = f": {info.paper} ({info.year})" if info.paper else ""
    return f"**{info.title}**{source}. {info.choose}".strip()


def _comparison_note() -> str:
    file = paths.reports() / "leaderboard.md"
    rest = "… the rest stands in the artifact leaderboard.md; report.html has pictures and plots."
    return shorten(file.read_text(encoding="utf-8"), rest) if file.is_file() else ""


def _reports() -> list[Path]:
    """What stage compare leaves, but for the model cards, which are with the models."""
    there = sorted(file for file in paths.reports().rglob("*") if file.is_file()) if paths.reports().is_dir() else []
    cards = paths.model_card("any").parent
    return [file for file in there if file.parent != cards and not file.name.startswith(".")]


def _files(result: Result) -> dict[str, Path | bytes]:
    scores = paths.scores(result.name)
    some: dict[str, Path | bytes] = {f"gallery/{picture.name}": picture for picture in result.pictures()}
    some["card.json"] = result.saved.folder / "card.json"
    named = {"model_card.md": paths.model_card(result.name), "history.csv": result.saved.folder / "history.csv"}
    named |= {name: scores / name for name in ("summary.json", "scores.parquet", "seeds.parquet", "confidence.json")}
    some |= {name: file for name, file in named.items() if file.is_file()}
    if "scores.parquet" in some:
        some["scores.json"] = _table(scores / "scores.parquet")
    return some


def _table(file: Path) -> bytes:
    """Scores by photograph as MLflow's pages read a table: photographs side by side for several runs."""
    import pandas as pd
    from pyarrow import ArrowException

    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError, ArrowException) as error:
        raise HuelabError(f"{file} cannot be read ({error}): delete its folder, then run `dvc repro`.") from None
    return str(table.head(_TABLE_ROWS).to_json(orient="split", index=False)).encode()  # NaN and infinity become null


def _table_tag() -> dict[str, str]:
    return {"mlflow.loggedArtifacts": json.dumps([{"path": "scores.json", "type": "table"}])}


def _meta(data_hash: str) -> Mapping[str, Any]:
    """What the store says of itself, if it is the one with these photographs."""
    file = paths.store() / "meta.json"
    meta = results.read_json(file) if file.is_file() else {}
    return meta if isinstance(meta, dict) and meta.get("data_hash") == data_hash else {}


def _dataset(result: Result) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    meta = _meta(result.data_hash)
    profile = {name: meta[name] for name in ("counts", "photographs", "size", "ratio") if name in meta}
    dataset = Dataset(
        name="photographs",
        digest=result.data_hash[:36],
        source_type="dvc",
        source=json.dumps({"path": "data", "record": paths.data_record().name}),
        schema=json.dumps({"split_by": result.summary.get("split_by"), "protocol": result.summary.get("protocol")}),
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training and test")])
