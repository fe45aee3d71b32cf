"""Whether a set of photographs can be worked with, in words: what was found, what was rejected, what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from huelab import params
from huelab.data.split import named_split
from huelab.data.table import REASONS

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = 4
_WORST = 3
_FEW = 50  # below so many photographs, disjoint regions of each tell more than a few whole ones held out


def stop_reason(table: pd.DataFrame, inspection: params.Inspect, split: params.SplitParams) -> str:
    """Why the pipeline cannot go on with this photograph table, and what to do; "" where it can."""
    files = len(table)
    if files == 0:
        return "there is no file. Give it photographs: `huelab data use SRC`."
    used = table.loc[table["reject_reason"] == ""]
    if used.empty:
        return f"none of {files} files is a photograph to work with: {worst(table)}. Use others: `huelab data use SRC`."
    rejected = files - len(used)
    if rejected > inspection.max_rejected * files:
        return (
            f"{rejected} of {files} files ({100 * rejected / files:.0f} %) are rejected, more than inspect.max_rejected = "
            f"{inspection.max_rejected:g} allows: {worst(table)}. Take them out, or raise inspect.max_rejected in params.yaml."
        )
    if split.by == "region":
        return ""
    counts = used["split"].value_counts()
    missing = [name for name in ("train", "test") if not counts.get(name, 0)]
    if missing:
        return (
            f"no photograph falls into {' and '.join(missing)} (of {len(used)}; split.by: {split.by}, split.seed: {split.seed}). "
            "In params.yaml set split.by: region (disjoint regions of each photograph: works from one photograph on), "
            "or another split.seed" + (", or add a folder of that name." if split.by == "folder" else ", or add photographs.")
        )
    return ""


def worst(table: pd.DataFrame) -> str:
    """The most frequent reasons with counts and examples, in one line."""
    rejected = table.loc[table["reject_reason"] != ""]
    counts = rejected["reject_reason"].value_counts()
    reasons = sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))
    said = []
    for reason, count in reasons[:_WORST]:
        said.append(f"{count} {reason} ({some(rejected.loc[rejected['reject_reason'] == reason, 'path'].tolist())})")
    if len(reasons) > _WORST:
        said.append(f"{len(reasons) - _WORST} more reasons")
    return "; ".join(said)


def findings(table: pd.DataFrame, shown: str) -> Iterator[str]:
    """Lines that say what a source named `shown` holds, and what is rejected and why."""
    rejected = table[table["reject_reason"] != ""]
    ignored = len(table.attrs["ignored"])
    yield (
        f"{shown}: {len(table)} file{'s' if len(table) != 1 else ''}, {photographs(len(table) - len(rejected))} to work with, "
        f"{len(rejected)} rejected" + (f"; {ignored} more beside them do not count (notes such as README, system files)" if ignored else "")
    )
    counts = rejected["reject_reason"].value_counts()
    for reason, count in sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0]))):
        yield f"  {count} × {REASONS[str(reason)]}: {some(rejected.loc[rejected['reject_reason'] == reason, 'path'].tolist())}"


def hints(table: pd.DataFrame, split: params.SplitParams) -> Iterator[str]:
    """What in params.yaml would fit these photographs better."""
    used = table.loc[table["reject_reason"] == "", "path"]
    if split.by != "folder" and {"train", "test"} <= {named_split(path) for path in used}:
        yield "Its folders say train and test: set `split.by: folder` in params.yaml to follow them."
    elif split.by == "region" and len(used) >= _FEW:
        yield f"params.yaml says split.by: region, which is for sets of under {_FEW}: set `split.by: photo` to test on whole photographs."
    elif split.by == "photo" and len(used) < _FEW:
        yield f"Under {_FEW} photographs: `split.by: region` in params.yaml tells more, from disjoint regions of each photograph."


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _EXAMPLES
    return ", ".join(names[:_EXAMPLES]) + (f" and {more} more" if more > 0 else "")


def photographs(count: int) -> str:
    """A count of photographs in words."""
    return f"{count} photograph{'s' if count != 1 else ''}"
