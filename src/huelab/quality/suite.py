"""The Great Expectations suite over the photograph table. The only file that imports great_expectations (slow: inside the functions)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from huelab import params

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["must", "should"]
Over = Literal["used", "all", "summary"]

_EXAMPLES = 20
_DOCUMENTS = (".md", ".txt", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".pdf")  # sources and licences lie beside photographs
_BRIGHTNESS = (20.0, 85.0)
"""Mean CIE L outside of it is a photograph so dark or bright that it says little about colour."""


@dataclass(frozen=True)
class Wish:
    """One expectation before it is checked: what it says, how hard it is, over which rows, and Great Expectations' class and arguments."""

    name: str
    says: str
    severity: Severity
    over: Over
    kind: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One expectation, checked."""

    name: str
    says: str
    severity: Severity
    over: Over
    passed: bool
    checked: int
    unexpected: int
    examples: tuple[str, ...]
    observed: str
    """The value found, where the expectation is about one value; "" otherwise. An error of the check itself stands here too."""


def wishes(inspection: params.Inspect, split: params.SplitParams) -> tuple[Wish, ...]:
    """The suite: `must` holds for every used row (a failure is a fault of the pipeline or a set that cannot train), `should` for most."""
    mostly, percent = inspection.mostly, f"{100 * inspection.mostly:g} %"
    leaks: Severity = (
        "must" if split.by == "photo" else "should"
    )  # with `folder` the folders decide, with `region` tiles of a group go together
    by_hash = "by perceptual hash, no group of near-duplicates lies in two splits"
    rows: list[tuple[str, str, Severity, Over, str, dict[str, Any]]] = [
        ("nothing lost", "as many rows as files were found", "must", "summary", "equal", {"column": "rows", "to": "files"}),
        ("paths are unique", "no file has two rows", "must", "all", "unique", {"column": "path"}),
        ("every reason is known", "a rejected file says why, in one word", "must", "all", "in", {"column": "reject_reason"}),
        ("decodes", "every used photograph has pixels", "must", "used", "regex", {"column": "photo_id", "regex": "^[0-9a-f]{16}$"}),
        ("colour", f"chroma reaches {inspection.min_chroma:g}", "must", "used", "between",
         {"column": "chroma_p95", "min_value": inspection.min_chroma}),
        ("large enough", f"the shorter side has {inspection.min_side} pixels", "must", "used", "between",
         {"column": "shorter_side", "min_value": inspection.min_side}),
        ("aspect", f"the longer side is at most {inspection.max_aspect:g} times the shorter", "must", "used", "between",
         {"column": "aspect", "max_value": inspection.max_aspect}),
        ("no duplicates", "no two used photographs have the same pixels", "must", "used", "unique", {"column": "photo_id"}),
        ("near-duplicates stay together", by_hash, leaks, "used", "between", {"column": "splits_of_group", "max_value": 1}),
        ("something to train on", "train is not empty", "must", "summary", "least", {"column": "train", "min_value": 1}),
        ("something to test on", "test is not empty", "must", "summary", "least", {"column": "test", "min_value": 1}),
        ("few rejects", f"at most {100 * inspection.max_rejected:g} % of the files are rejected", "must", "summary", "least",
         {"column": "rejected_share", "max_value": inspection.max_rejected}),
        ("files are photographs", f"{percent} of the files can be read as photographs (documents beside them aside)", "should", "all", "in",
         {"column": "unreadable", "values": [""], "mostly": mostly}),
        ("photographs have colour", f"{percent} of the photographs are not gray", "should", "all", "in",
         {"column": "is_gray", "values": [False], "mostly": mostly}),
        ("balanced brightness", f"{percent} of the photographs have a mean L of {_BRIGHTNESS[0]:g} to {_BRIGHTNESS[1]:g}", "should", "used",
         "between", {"column": "l_mean", "min_value": _BRIGHTNESS[0], "max_value": _BRIGHTNESS[1], "mostly": mostly}),
        ("some contrast", f"{percent} of the photographs have a standard deviation of L of at least 5", "should", "used", "between",
         {"column": "l_std", "min_value": 5.0, "mostly": mostly}),
        ("balanced labels", f"{percent} of the photographs have a label between a tenth and ten times as frequent as the average label",
         "should", "used", "between", {"column": "label_weight", "min_value": 0.1, "max_value": 10, "mostly": mostly}),
        ("balanced splits", "each label of the test split is trained on", "should", "used", "in",
         {"column": "label_trained", "values": [True], "mostly": mostly}),
    ]  # fmt: skip
    return tuple(Wish(*row) for row in rows)


def run(table: pd.DataFrame, inspection: params.Inspect, split: params.SplitParams) -> list[Outcome]:
    """Checks the photograph table against the suite with Great Expectations (an ephemeral context: nothing is written or sent)."""
    frames = _frames(table, split)
    suite = wishes(inspection, split)
    found: dict[str, Outcome] = {}
    # the library logs and warns about itself; what it finds is in its result
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_pandas("photographs")
        for over, frame in frames.items():
            group = [wish for wish in suite if wish.over == over]
            found |= {wish.name: outcome for wish, outcome in zip(group, _validate(gx, context, source, over, frame, group), strict=True)}
    return [found[wish.name] for wish in suite]


def _frames(table: pd.DataFrame, split: params.SplitParams) -> dict[Over, pd.DataFrame]:
    """The tables that are checked: all rows, the used rows, and one row of sums; each with the columns the suite asks for."""
    import pandas as pd

    from huelab.data.photo import Reason

    unreadable = set(get_args(Reason))
    everything = table.drop(columns=["file"]).assign(
        unreadable=[
            reason if reason in unreadable and not path.lower().endswith(_DOCUMENTS) else ""
            for reason, path in zip(table["reject_reason"], table["path"], strict=True)
        ],
    )
    used = everything[everything["reject_reason"] == ""].reset_index(drop=True)
    sides = used[["width", "height"]]
    per_label = used.groupby("label")["path"].transform("size")
    trained = set(used.loc[used["split"].isin(["train", "region"]), "label"])
    used = used.assign(
        shorter_side=sides.min(axis=1),
        aspect=sides.max(axis=1) / sides.min(axis=1),
        splits_of_group=used.groupby("group")["split"].transform("nunique"),
        label_weight=per_label * used["label"].nunique() / max(1, len(used)),
        label_trained=[kind != "test" or label in trained for kind, label in zip(used["split"], used["label"], strict=True)],
    )
    counts = used["split"].value_counts()
    by_region = int(counts.get("region", 0)) if split.by == "region" else 0  # every photograph gives tiles to every split
    summary = pd.DataFrame(
        {
            "files": [int(table.attrs["files"])],
            "rows": [len(table)],
            "train": [int(counts.get("train", 0)) + by_region],
            "test": [int(counts.get("test", 0)) + by_region],
            "rejected_share": [1 - len(used) / max(1, len(table))],
        }
    )
    return {"all": everything, "used": used, "summary": summary}


def _validate(gx: Any, context: Any, source: Any, over: Over, frame: pd.DataFrame, group: Sequence[Wish]) -> list[Outcome]:
    if frame.empty:
        return [Outcome(wish.name, wish.says, wish.severity, wish.over, True, 0, 0, (), "no row to check") for wish in group]
    batch = source.add_dataframe_asset(over).add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name=over, expectations=[_expectation(gx, wish) for wish in group]))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=over, data=batch, suite=suite))
    wanted: dict[str, Any] = {"result_format": "COMPLETE"}
    if "path" in frame.columns:
        wanted["unexpected_index_column_names"] = ["path"]
    result = definition.run(batch_parameters={"dataframe": frame}, result_format=wanted)
    by_name = {entry.expectation_config.meta["name"]: entry for entry in result.results}
    return [_outcome(wish, by_name[wish.name], len(frame)) for wish in group]


def _expectation(gx: Any, wish: Wish) -> Any:
    """Great Expectations' own object, described in our words."""
    from huelab.data.table import REASONS

    arguments = dict(wish.arguments)
    expectations = gx.expectations
    common = {"description": f"{wish.name}: {wish.says}", "meta": {"name": wish.name, "severity": wish.severity}}
    if wish.kind == "equal":
        return expectations.ExpectColumnPairValuesToBeEqual(column_A=arguments["column"], column_B=arguments["to"], **common)
    if wish.kind == "unique":
        return expectations.ExpectColumnValuesToBeUnique(**arguments, **common)
    if wish.kind == "regex":
        return expectations.ExpectColumnValuesToMatchRegex(**arguments, **common)
    if wish.kind == "in":
        values = arguments.pop("values", ["", *REASONS])
        return expectations.ExpectColumnValuesToBeInSet(value_set=values, **arguments, **common)
    return expectations.ExpectColumnValuesToBeBetween(**arguments, **common)


def _outcome(wish: Wish, entry: Any, rows: int) -> Outcome:
    result = entry.result or {}
    observed = ""
    if wish.over == "summary" and rows:
        partial = result.get("partial_unexpected_list") or []
        observed = f"found {partial[0]}" if partial else ""
    error = _error_of(entry.exception_info)
    places = result.get("unexpected_index_list") or []
    examples = tuple(sorted(str(place["path"]) for place in places if isinstance(place, dict) and "path" in place)[:_EXAMPLES])
    return Outcome(
        wish.name,
        wish.says,
        wish.severity,
        wish.over,
        bool(entry.success) and not error,
        int(result.get("element_count") or rows),
        int(result.get("unexpected_count") or 0),
        examples,
        error or observed,
    )


def _error_of(info: Any) -> str:
    """A check that could not be made (a column that is missing) only says so in the exception info."""
    entries = [info] if isinstance(info, dict) and "raised_exception" in info else list((info or {}).values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return f"the check itself failed: {' '.join(str(entry.get('exception_message')).split())}"[:300]
    return ""
