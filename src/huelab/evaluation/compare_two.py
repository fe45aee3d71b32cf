"""`huelab compare A B`: two colorizers on the same pictures, metric by metric, as a printed table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from huelab import metrics, params, paths
from huelab.errors import DataError, UsageError
from huelab.evaluation import compared_text
from huelab.evaluation.evaluated import Evaluated, require_same_pictures
from huelab.evaluation.paired import Paired, all_paired, holm
from huelab.evaluation.tables import heading, in_columns, number
from huelab.metrics.definition import Metric


def of_two(first: str, second: str, chosen: Sequence[str] = ()) -> str:
    """First minus second in the `chosen` metrics (all that both were scored with by default), p adjusted over the metrics.

    Each is an entry of params.yaml or a folder of scores, also of another project. Raises UsageError for what is neither, ParamsError for
    an unknown metric, DataError where the two were not scored alike.
    """
    tree = params.load()
    one, other = _found(first, tree), _found(second, tree)
    names = [one.name, other.name] if one.name != other.name else [f"{one.name} A", f"{one.name} B"]
    told = names if one.name != other.name else [f"{name} ({own.folder})" for name, own in zip(names, (one, other), strict=True)]
    require_alike(one, other, *told)
    shown, lacking = common((one, other), names, chosen or tree.evaluate.metrics, asked=bool(chosen))
    found = list(zip(shown, adjusted(all_paired([(one, other, metric) for metric in shown], tree.compare)), strict=True))
    rows = [["", *names, *compared_text.HEAD]]
    for metric, own in found:
        values = [number(value(each, metric), metric) for each in (one, other)]
        rows.append([heading(metric), *values, *compared_text.cells(own, metric, names, tree.compare)])
    head = f"{told[0]} minus {told[1]}, {compared_text.counts(one)}; data {one.summary['data_hash']}."
    said = [*compared_text.below(found, (one, other), tree.compare, "the metrics"), *lacking]
    return "\n".join([head, "", *in_columns(rows), "", *said, *compared_text.left_out((one, other), names, shown)]).rstrip()


def _found(given: str, tree: params.Params) -> Evaluated:
    """An entry of params.yaml, else a folder of scores, which says itself whose they are."""
    if given in tree.models:
        return Evaluated.read(given, paths.scores(given))
    folder = Path(given)
    if not folder.is_dir():
        allowed = ", ".join(tree.models)
        raise UsageError(
            f"{given!r} is neither an entry of `models:` in params.yaml ({allowed}) nor a folder of scores (…/work/scores/NAME)."
        )
    try:
        name = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["model"]
    except FileNotFoundError:
        raise DataError(f"{folder} holds no scores (no summary.json): name a folder like work/scores/beta.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / 'summary.json'} is damaged ({error!r}): score that colorizer again.") from None
    return Evaluated.read(str(name), folder)


def require_alike(first: Evaluated, second: Evaluated, name: str, other: str) -> None:
    """Raises DataError where scores of the two cannot be paired."""
    for one in (first, second):
        if one.one_picture:
            raise DataError(f"{one.folder}: {one.name} is judged on the one picture it memorised, which no other model was scored on.")
    hashes = [one.summary["data_hash"] for one in (first, second)]
    if hashes[0] != hashes[1]:
        raise DataError(
            f"{name} was scored on data {hashes[0]}, {other} on data {hashes[1]}: scores of other photographs, or of another split, cannot "
            "be compared. Score both on one test split: name both in `models:` of one project and run `dvc repro`."
        )
    for key in ("size", "photograph_side", "ratio"):
        found = [one.summary.get(key) for one in (first, second)]
        if None not in found and found[0] != found[1]:
            raise DataError(
                f"{name} was scored on pictures of {key} {found[0]}, {other} of {key} {found[1]}: the same photographs made otherwise "
                "cannot be compared. Use one section `standardize` for both and run `dvc repro`."
            )
    require_same_pictures(first, second)


def common(ones: Sequence[Evaluated], names: Sequence[str], chosen: Sequence[str], *, asked: bool) -> tuple[list[Metric], list[str]]:
    """The metrics that all have, and a sentence for each that only some have. Raises DataError where one that was asked for is missing."""
    shown, lacking = [], []
    for metric in map(metrics.metric, dict.fromkeys(chosen)):
        without = [name for one, name in zip(ones, names, strict=True) if not one.has(metric)]
        if not without:
            shown.append(metric)
        elif asked or len(without) < len(ones):
            why = next((why for one in ones if (why := one.summary["not_computed"].get(metric.name))), "made with other evaluate.metrics")
            lacking.append(f"not compared: {metric.name} is missing from the scores of {', '.join(without)} ({why})")
    if not shown or (asked and lacking):
        raise DataError("; ".join(lacking) or "The two were scored with no metric in common: evaluate both with the same evaluate.metrics.")
    return shown, lacking


def value(one: Evaluated, metric: Metric) -> float | None:
    """Its score in `metric`, as evaluated; None where it is no number."""
    found = {**one.summary["means"], **one.summary["set_level"]}.get(metric.name)
    return None if found is None else float(found)


def adjusted(found: Sequence[Paired]) -> list[Paired]:
    """With the p of each adjusted by Holm for all of them."""
    return [replace(own, p_holm=p) for own, p in zip(found, holm([own.p for own in found]), strict=True)]
