"""`huelab compare`: every learned colorizer of params.yaml against gray, the best and the champion, as printed tables."""

from __future__ import annotations

import json
from collections.abc import Sequence

from huelab import params, paths
from huelab.errors import DataError, HuelabError
from huelab.evaluation import compared_text
from huelab.evaluation.compare_two import adjusted, common, require_alike, value
from huelab.evaluation.evaluated import Evaluated, require_same_data
from huelab.evaluation.paired import Paired, all_paired
from huelab.evaluation.ranking import ideal, rank
from huelab.evaluation.tables import heading, in_columns, number
from huelab.metrics.definition import Metric


def of_all(chosen: Sequence[str] = ()) -> str:
    """The tables in the `chosen` metrics (the one that the leaderboard is sorted by when empty), p adjusted over the models of a table.

    Raises DataError where scores are missing, damaged or of different data, ParamsError for an unknown metric.
    """
    tree = params.load()
    evaluated = [Evaluated.read(name, paths.scores(name)) for name in tree.models]
    on_split = [one for one in evaluated if not one.one_picture]
    learned = [one for one in on_split if not one.floor]
    if not learned:
        raise DataError("No learned colorizer of params.yaml was scored on the test split: there is nothing to compare.")
    data = str(learned[0].summary["data_hash"])
    require_same_data(evaluated, data)
    shown, _ = common(on_split, [one.name for one in on_split], chosen or [tree.compare.sort], asked=True)
    champion, why = _champion(learned[0])
    found: list[tuple[Metric, Paired]] = []
    blocks = [f"Every learned model, {compared_text.counts(learned[0])}; data {data}."]
    for metric in shown:
        gray = next((one for one in on_split if one.name == "gray"), None)
        for role, other in {"gray": gray, "the best": _best(learned, on_split, metric), "the champion": champion}.items():
            if other is None or not (ones := [one for one in learned if one is not other]):
                continue
            if not other.has(metric):
                why = f"The champion is not compared in {metric.name}, which it was not scored with."
                continue
            pairs = adjusted(all_paired([(one, other, metric) for one in ones], tree.compare))
            found += [(metric, own) for own in pairs]
            blocks.append(_block(role, other, list(zip(ones, pairs, strict=True)), metric, tree.compare))
    said = [*compared_text.below(found, learned, tree.compare, "the models of a table"), *([why] if why else [])]
    return "\n\n".join([*blocks, "\n".join([*said, *compared_text.left_out(on_split, [one.name for one in on_split], shown)])]).rstrip()


def _block(role: str, other: Evaluated, found: Sequence[tuple[Evaluated, Paired]], metric: Metric, settings: params.Compare) -> str:
    who = role if role == other.name else f"{role}, {other.name}"
    rows = [["", heading(metric), *compared_text.HEAD]]
    for one, own in found:
        rows.append([one.name, number(value(one, metric), metric), *compared_text.cells(own, metric, (one.name, who), settings)])
    return "\n".join([f"minus {who} ({number(value(other, metric), metric)})", *in_columns(rows)])


def _best(learned: Sequence[Evaluated], on_split: Sequence[Evaluated], metric: Metric) -> Evaluated:
    own = ideal(metric, on_split) if metric.better == "none" else None
    return min(learned, key=lambda one: rank(value(one, metric), one.name, metric, own))


def _champion(like: Evaluated) -> tuple[Evaluated | None, str]:
    """The registered champion's scores of the same pictures, or why it is not compared."""
    file = paths.champion()
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
        name, folder = str(tree["model"]), paths.root() / str(tree["folder"]) / "scores"
    except FileNotFoundError:
        return None, "No champion is registered yet: nothing is compared with one."
    except (OSError, ValueError, KeyError, TypeError) as error:
        return None, f"The champion is not compared: {file} is damaged ({error!r}); `huelab track sync` writes it anew."
    if not folder.is_dir():
        return None, f"The champion, {name}, is not compared: {folder} is not there, so its scores are not known."
    try:
        one = Evaluated.read(name, folder)
        require_alike(one, like, f"the champion, {name},", like.name)
    except HuelabError as error:
        return None, f"The champion, {name}, is not compared, for it has no scores of these pictures: {error}"
    return one, ""
