"""The model card: what a colorizer is, what it learned on, what it scored, where it must not be trusted. Markdown, from facts alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huelab import models
from huelab.evaluation.leaderboard import BEAT_IN, Leaderboard, Row
from huelab.evaluation.paired import Paired
from huelab.evaluation.tables import FEW, between_seeds, facts, heading, number, score
from huelab.evaluation.versus import MUST_BEAT
from huelab.metrics.definition import Metric
from huelab.models.saved import Saved

LICENCE_FILES = ("attribution", "copying", "copyright", "credits", "licence", "license")
"""Stems of files beside the photographs that say under which terms they may be used."""

_RANDOM = {
    "backbone: random": "The classifier it looks through has random weights and knows nothing of what a picture shows.",
    "perceptual backbone: random": "Its loss compared what a classifier with random weights sees.",
    "encoder: random": "Its encoder began with random weights.",
}


def licences(folder: Path) -> list[str]:
    """Names of the files in `folder` that state the photographs' licence; [] where there are none, or no such folder."""
    if not folder.is_dir():
        return []
    return sorted(file.name for file in folder.iterdir() if file.is_file() and file.stem.lower() in LICENCE_FILES)


def text(saved: Saved, board: Leaderboard, meta: Mapping[str, Any], stated: Sequence[str]) -> str:
    """The card of `saved`, which is a row of `board`; `meta` is the store's, `stated` are the files with the photographs' licence."""
    row = next(row for row in (*board.rows, *board.own) if row.model == saved.name)
    parts = [
        f"# {saved.name}: {saved.info.title}",
        "",
        _what(saved),
        "",
        "**Colours are guesses**: a plausible colour is not a historical fact.",
        *_section("Intended use", _use(saved)),
        *_section("Data", _data(saved, meta, stated)),
        *_section("Training", _training(saved, row)),
        *_section("Where it comes from", _source(saved)),
        *_section("Scores", _scores(saved, row, board)),
        *_section("Limits", (f"- {limit}" for limit in _limits(saved, row, board, meta))),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, lines: Iterator[str]) -> list[str]:
    found = list(lines)
    return ["", f"## {title}", "", *found] if found else []


def _what(saved: Saved) -> str:
    """The first sentence of its file."""
    summary = inspect.cleandoc(models.module(saved.name).__doc__ or "").partition("\n\n")[0]
    what = " ".join(summary.partition(": ")[2].split())
    kind = "a floor" if saved.floor else "a colorizer, L (0..100) in, CIE ab out, pictures of any size"
    return f"{what[:1].upper()}{what[1:]} It is {kind}."


def _use(saved: Saved) -> Iterator[str]:
    if saved.floor:
        yield "To be beaten: a colorizer that is no better has learnt nothing. Its pictures are of no use by themselves."
        return
    if saved.one_picture:
        yield saved.info.choose or "To see that colours can be learned at all."
        return
    yield "Giving black-and-white photographs like those it learned on plausible colours, and being compared with other colorizers."
    yield "Not where a colour is taken for a fact: evidence, medicine, identification, the documentation of history."
    if saved.info.choose:
        yield ""
        yield saved.info.choose


def _data(saved: Saved, meta: Mapping[str, Any], stated: Sequence[str]) -> Iterator[str]:
    counts = meta.get("counts", {})
    yield f"- Data hash `{meta['data_hash']}` (photographs and split): {meta.get('photographs', 'an unknown number of')} photographs."
    pictures = ", ".join(f"{counts.get(split, 0)} {split}" for split in ("train", "val", "test"))
    yield f"- Pictures of {saved.size}×{saved.size} pixels (ratio: {meta.get('ratio', 'unknown')}): {pictures}."
    yield f"- {meta['protocol']}"
    if saved.one_picture:
        yield f"- It learned on one picture alone, gallery picture {saved.one_picture}."
    files = ", ".join(f"`data/{name}`" for name in stated)
    yield f"- Licence of the photographs: {f'see {files}' if files else 'not stated (no LICENSE or ATTRIBUTION file lies beside them)'}."


def _training(saved: Saved, row: Row) -> Iterator[str]:
    card = saved.card
    if saved.floor:
        yield "None."
        if card.get("mean_ab"):
            yield f"Its colour is the mean of the training pictures: ab {', '.join(f'{value:.2f}' for value in card['mean_ab'])}."
        return
    common = {} if saved.one_picture else card.get("budget") or {}  # a colorizer of one picture keeps its own
    limit = ", ".join(f"{value:g} {key}" for key, value in common.items())
    seen = f"; {card['images']:,} pictures seen" if card.get("images") else ""
    yield f"- Budget: {f'{limit}, the same for every colorizer' if limit else 'its own'}; {card.get('steps', 0):,} optimizer steps{seen}."
    yield f"- Weights of step {card.get('best_step', 0):,}, the best on the validation pictures; {row.parameters:,} parameters."
    seeds = (
        f"seeds {', '.join(map(str, row.seeds))}, of which the first one colours" if len(row.seeds) > 1 else f"seed {card.get('seed', 0)}"
    )
    yield f"- Learns by {saved.info.objective.replace('_', ' ')}, from {seeds}."
    yield from (f"- Looks through {note}." if note.startswith("backbone") else f"- {note[:1].upper()}{note[1:]}." for note in row.notes)
    if "labels" in saved.info.needs:
        yield f"- Learned the photographs' folder names as well: {', '.join(card.get('classes') or ()) or 'none'}."
    shown = (item for item in sorted(card["params"].items()) if item[0] != "steps" and not isinstance(item[1], Mapping))
    settings = ", ".join(f"{key} {value}" for key, value in shown)
    yield f"- Settings: {settings}."
    yield f"- Weights: SHA-256 `{card.get('weights_sha256', '')}`."


def _source(saved: Saved) -> Iterator[str]:
    info = saved.info
    if not info.paper:
        return
    year = f" ({info.year})" if info.year and str(info.year) not in info.paper else ""
    yield f"- Source: {info.paper}{year}; re-implemented from a description."
    yield f"- What differs: {info.changes or 'nothing.'}"
    yield f"- Licence of the ideas and the code they come from: {info.licence}."


def _scores(saved: Saved, row: Row, board: Leaderboard) -> Iterator[str]:
    if row.one_picture:
        yield f"On the one picture it memorised ({row.one_picture}), which says nothing about any other:"
        yield ""
        yield from _table(
            ["metric", row.model, *row.floors],
            [
                [
                    heading(metric),
                    number(row.scores[metric.name].mean, metric),
                    *(number(own.get(metric.name), metric) for own in row.floors.values()),
                ]
                for metric in board.metrics
                if metric.name in row.scores
            ],
        )
        return
    yield from (line for sentence in facts(board)[1:] for line in (sentence, ""))
    yield _place(row, board)
    yield ""
    there = {other.model: other for other in board.rows}
    floors = [there[name] for name in MUST_BEAT if name in there and name != row.model]
    head = ["metric", row.model, *(other.model for other in floors), *(f"minus {other.model}" for other in floors)]
    yield from _table(head, [_line(row, floors, metric) for metric in board.metrics])
    units = "; ".join(f"{metric.title}: {metric.unit}" for metric in board.metrics if metric.unit)
    yield ""
    yield f"Differences are paired, photograph by photograph. Units: {units}."


def _line(row: Row, floors: Sequence[Row], metric: Metric) -> list[str]:
    own = " ".join(filter(None, (score(row.scores[metric.name], metric), between_seeds(row, metric))))
    values = [score(other.scores[metric.name], metric) for other in floors]
    differences = [_difference(row.versus.get(other.model, {}).get(metric.name), metric) for other in floors]
    return [heading(metric), own, *values, *differences]


def _difference(found: Paired | None, metric: Metric) -> str:
    if found is None:
        return "–"
    interval = "" if found.low is None else f" [{number(found.low, metric)}, {number(found.high, metric)}]"
    if metric.better == "none" or found.low is None or found.high is None:
        verdict = ""
    elif found.low <= 0 <= found.high:
        verdict = ", within chance"
    else:
        verdict = ", better" if (found.high < 0) == (metric.better == "lower") else ", worse"
    return f"{number(found.difference, metric)}{interval}{verdict}"


def _place(row: Row, board: Leaderboard) -> str:
    """Rank, ties, and whether the floors are beaten, in words."""
    if row.floor:
        return f"Place {board.rows.index(row) + 1} of {len(board.rows)} in {board.sort}."
    tied = [other.model for other in board.rows if other.tied_with_best and other.model != row.model and not other.floor]
    if row.model == board.best:
        standing = f", the best; {'cannot be told from it: ' + ', '.join(tied) if tied else 'all others can be told from it'}"
    else:
        standing = f", {'which cannot be told from' if row.tied_with_best else 'behind'} {board.best}, the best"
    said = [f"Place {board.rows.index(row) + 1} of {len(board.rows)} in {board.sort}{standing}."]
    for floor, verdict in row.beats.items():
        words = {True: "is beaten", False: "is not beaten: this is worse", None: "is not shown to be beaten"}[verdict.beaten]
        said.append(f"The floor {floor} {words} (in {BEAT_IN}).")
    return " ".join(said)


def _limits(saved: Saved, row: Row, board: Leaderboard, meta: Mapping[str, Any]) -> Iterator[str]:
    photographs = int(meta.get("photographs") or 0)
    if saved.one_picture:
        yield "It knows one picture by heart and no other: what it does to another photograph means nothing."
    elif meta.get("split_by") == "region":
        yield "The scores are of other regions of the photographs it learned on, so they say nothing about other photographs."
    if photographs and photographs < FEW:
        yield f"{photographs} photographs are few: it has seen few things, and whatever else a photograph shows is a guess without ground."
    if not row.one_picture and 1 < board.n_groups < FEW:
        yield f"Intervals over {board.n_groups} photographs are too narrow."
    if not row.one_picture and board.n_groups <= 1:
        yield "One test photograph: nothing is known about how it does on others."
    if saved.floor:
        return
    if not saved.one_picture and len(row.seeds) < 2:
        yield "Trained once: how much another seed would change is not known (train.seeds)."
    yield f"It learned at {saved.size} pixels: finer colour than that it has never seen, and results at another size are untested."
    yield from (words for note in row.notes for key, words in _RANDOM.items() if note == key)
    if "seconds" in (saved.card.get("budget") or {}):
        yield "Its budget was in seconds: on another machine the same settings give another colorizer."
    if any(verdict.beaten is not True for verdict in row.beats.values()):
        yield "It is not shown to beat every floor, so it may have learnt nothing."
    if left_out := board.excluded.get(saved.name):
        yield f"{len(left_out)} or more of its scores were no finite numbers and are left out of the means."
    if board.not_computed:
        yield f"Not scored in {', '.join(f'`{name}`' for name in board.not_computed)}: the leaderboard says why."
    yield "It repeats what its photographs show often; what they seldom show, some people's skin among it, it guesses from the rest."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    rule = ["---", *("---:" for _ in head[1:])]
    return ("| " + " | ".join(line) + " |" for line in (head, rule, *rows))
