"""Results in words: the tables that `huelab survey stats` prints and the dashboard shows, so that they cannot differ."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from huelab import metrics
from huelab.survey.statistics import looks
from huelab.survey.statistics.exclusions import REASONS
from huelab.survey.statistics.metrics_link import Beside
from huelab.survey.statistics.preference import Ranking
from huelab.survey.statistics.results import Figures, Results
from huelab.survey.statistics.twoway import Interval

NONE = "–"
_FIGURE = re.compile(r"[-+<–0-9. %]+( to [-+0-9. %]+)?")
SIMULATED = "SIMULATED: answered by programs, not by people."
FEW = 10
"""Photographs below which an interval over photographs speaks of hardly any others."""


@dataclass(frozen=True)
class Section:
    """One table: a title, what its columns are called, its rows as written, and how to read them."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def percent(value: float | None) -> str:
    """A share; a dash where there is none."""
    return NONE if value is None or not math.isfinite(value) else f"{100 * value:.1f} %"


def number(value: float | None, *, signed: bool = False) -> str:
    """Two decimals; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{round(value, 2) + 0.0:{'+' if signed else ''}.2f}"  # adding 0.0 makes -0.0 0.0


def p(value: float | None) -> str:
    """A p-value."""
    return NONE if value is None or not math.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def shares(low: float | None, high: float | None) -> str:
    """An interval of a share, or of a difference of shares."""
    return NONE if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"


def between(found: Interval) -> str:
    """An interval of a number."""
    return NONE if found.low is None else f"{number(found.low)} to {number(found.high)}"


def ranks(found: tuple[int, int] | None) -> str:
    """Best and worst rank; a dash for what was never compared."""
    return NONE if found is None else f"{found[0]} to {found[1]}"


def overview(found: Results) -> Section:
    """Who took part, how it went, and where the study stands."""
    people = f"{found.joined} consented, {found.begun} began, {found.look.complete} of {found.study.people} planned are complete"
    rows = [
        ("study", f"{found.study.title} (mode {found.study.mode}, {found.study.sha256()[:12]})"),
        ("people", people),
        ("photographs", photographs(found.kept)),
        ("left out", f"{len(found.excluded)} by the rules of the study"),
        ("standing", looks.words(found.look)),
        ("catch trials seen through", percent(found.catch_accuracy)),
        ("median duration", NONE if found.median_minutes is None else f"{found.median_minutes:.1f} min"),
    ]
    return Section("Study", ("", ""), rows)


def photographs(found: Figures) -> str:
    """How many there were, of how many these are regions, and whether that is too few to speak of others."""
    regions = f" ({found.pictures} regions of them)" if found.pictures > found.photographs else ""
    return f"{found.photographs}{regions}" + (f": {few(found)}" if few(found) else "")


def few(found: Figures) -> str:
    """What to say where there were too few photographs; "" where there were enough."""
    return f"fewer than {FEW}, so that intervals speak of hardly any other photographs" if found.photographs < FEW else ""


def sections(found: Figures) -> list[Section]:
    """Every table of one set of people; those that a study's mode does not have are left out."""
    made = [fooling(found), differences(found), detection(found), check(found)]
    if found.ranking is not None:
        made = [preference(found.ranking)]
    return [one for one in [*made, agreement(found)] if one.rows]


def fooling(found: Figures) -> Section:
    """Fooling rate per model."""
    rows = [
        (
            *(one.model, percent(one.rate.value), shares(one.rate.low, one.rate.high), shares(*one.naive) if one.trials else "–"),
            *(str(one.trials), str(one.people), str(one.photographs)),
        )
        for one in found.fooled
    ]
    note = (
        "95 % interval over people and photographs; naive: Wilson's, as if all votes were independent, too narrow. "
        "50 % in pairs: nobody can tell."
    )
    return Section("Fooling rate", ("model", "fooled", "95 % interval", "naive", "votes", "people", "photographs"), rows, note)


def differences(found: Figures) -> Section:
    """Fooling rates against each other."""
    rows = [
        (
            f"{one.first} − {one.second}",
            NONE if not math.isfinite(one.difference.value) else f"{100 * one.difference.value:+.1f} %",
            *(shares(one.difference.low, one.difference.high), p(one.p), p(one.p_holm)),
        )
        for one in found.differences
    ]
    return Section(
        "Differences", ("models", "difference", "95 % interval", "p", "p (Holm)"), rows, "Percentage points; Holm: over all pairs."
    )


def detection(found: Figures) -> Section:
    """How well people told real from fake, and how they lean."""
    rows = [
        (
            one.model,
            number(one.d_prime.value),
            between(one.d_prime),
            number(one.bias.value, signed=True),
            between(one.bias),
            str(one.trials),
        )
        for one in found.detected
    ]
    note = "d′ 0: not told apart. Bias 0: none; above: for the right, or for calling pictures real."
    return Section("Detection", ("model", "d′", "95 % interval", "bias", "95 % interval of bias", "votes"), rows, note)


def check(found: Figures) -> Section:
    """The second opinion."""
    second = found.marginal
    if second is None:
        return Section("Check by another model (GEE)", (), [])
    rows = [(name, percent(rate), shares(low, high)) for name, (rate, low, high) in second.rates.items()]
    side = "" if second.side is None else f"fake on the right against left {number(second.side, signed=True)}, "
    note = (
        "Marginal logistic model, clustered by person; photographs count as given, so intervals are narrower. "
        f"Log odds of being fooled: {side}last against first trial {number(second.order, signed=True)}."
    )
    return Section("Check by another model (GEE)", ("model", "fooled", "95 % interval"), rows, note)


def preference(found: Ranking) -> Section:
    """Bradley and Terry's ranking."""
    rows = [
        (
            *(one.model, number(one.strength.value, signed=True), between(one.strength), ranks(one.ranks)),
            *(percent(one.best), str(one.wins), str(one.losses), str(one.ties)),
        )
        for one in found.models
    ]
    note = (
        f"Strength: log odds of being preferred, mean 0. Ties: ν = {number(found.tie_strength)}. Left preferred in "
        f"{percent(found.side_bias)} of decided trials."
    )
    if not found.connected:
        note += " NOT CONNECTED: some models were never compared, directly or by way of others; their order means nothing."
    columns = ("model", "strength", "95 % interval", "ranks", "leads in", "preferred", "not", "ties")
    return Section("Preference", columns, rows, note)


def agreement(found: Figures) -> Section:
    """Krippendorff's alpha."""
    rows = [] if found.agreement is None else [("Krippendorff's α", number(found.agreement))]
    note = "1: all say the same of each picture; near 0: as by chance, which is what good fakes give."
    if found.ranking is not None:
        note = "1: all prefer the same of two models, photograph by photograph; near 0: as by chance, given how often each is preferred."
    return Section("Agreement", ("", ""), rows, note)


def beside_metrics(found: Beside) -> Section:
    """What scores say beside people."""
    lacking = "; ".join(f"{name}, {why}" for name, why in found.lacking.items())
    if found.missing:
        return Section("Metrics beside people", ("", ""), [("not available", found.missing)], f"Left out: {lacking}." if lacking else "")
    rows = [
        (
            _metric(one.metric),
            *(number(one.rho, signed=True), _signed(one.low, one.high)),
            *(number(one.within, signed=True), _signed(one.within_low, one.within_high)),
            *(str(one.pictures), str(one.photographs)),
        )
        for one in found.links
    ]
    note = (
        "Spearman's ρ with the fooling rate, interval over photographs; within: among the pictures of one model, averaged. Few votes a "
        "picture pull ρ towards 0; a metric where lower is better (↓) should have a negative one."
    )
    if lacking:
        note += f" Left out: {lacking}."
    columns = ("metric", "ρ", "95 % interval", "within", "95 % interval within", "pictures", "photographs")
    return Section("Metrics beside people", columns, rows, note)


def _metric(name: str) -> str:
    if name not in metrics.names():
        return name
    found = metrics.metric(name)
    return found.title + {"lower": " ↓", "higher": " ↑"}.get(found.better, "")


def _signed(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"{number(low, signed=True)} to {number(high, signed=True)}"


def excluded(found: Results) -> Section:
    """Who was left out, by which rule, and what was found."""
    rows = [(one.participant, REASONS[rule], words) for one in found.excluded for rule, words in one.rules.items()]
    return Section(
        "Left out",
        ("participant", "rule", "found"),
        rows,
        "By rules that were frozen with the study, none of which looks at how often a colorizer's picture fooled somebody.",
    )


def kept_title(found: Results) -> str:
    """Heading of the figures without those left out."""
    return f"Without the {len(found.excluded)} left out: {_counts(found.kept)}"


def everybody_title(found: Results) -> str:
    """Heading of the figures with everybody."""
    return f"With everybody: {_counts(found.everybody)}"


def _counts(found: Figures) -> str:
    regions = f" ({found.pictures} regions)" if found.pictures > found.photographs else ""
    return f"{found.people} people, {found.photographs} photographs{regions}, {found.trials} votes"


def table(results: Results) -> str:
    """All tables as text, for a terminal."""
    blocks = [SIMULATED] if results.simulated or results.study.simulated else []
    blocks.append(_written(overview(results)))
    blocks += [_headed(kept_title(results)), *map(_written, sections(results.kept))]
    if results.excluded:
        blocks += [_written(excluded(results)), _headed(everybody_title(results)), *map(_written, sections(results.everybody))]
    blocks += [_written(beside_metrics(results.metrics)), *results.early_looks]
    return "\n\n".join(blocks)


def _headed(title: str) -> str:
    return f"{title}\n{'=' * len(title)}"


def _written(one: Section) -> str:
    lines = _aligned([one.columns, *one.rows] if any(one.columns) else one.rows)
    return "\n".join([one.title, *(f"  {line}" for line in lines), *([f"  ({one.note})"] if one.note else [])])


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns under each other: figures to the right, words to the left."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    figures = [all(_FIGURE.fullmatch(cell) for cell in column[1:]) for column in columns]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, figures, strict=True)
        ).rstrip()
        for row in rows
    ]
