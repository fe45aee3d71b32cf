"""What was trained on what: data, split, budget, commit, and the settings that differ from those huelab comes with."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from html import escape

from huelab import paths
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import folded, section, table
from huelab.evaluation.report.settings import Difference, differences
from huelab.evaluation.tables import number


@dataclass(frozen=True)
class Commit:
    """What is checked out, and how many tracked files differ from it."""

    short: str
    changed: int

    def __str__(self) -> str:
        more = f" and {self.changed} changed {'file' if self.changed == 1 else 'files'}" if self.changed else ""
        return f"{self.short}{more}"


def commit() -> Commit | None:
    """The commit of the project; None where it is no git checkout or git is not there."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD").strip()
        return Commit(head, len(_git("status", "--porcelain", "--untracked-files=no").splitlines()))
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(paths.root()), *arguments], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def tiles(found: Contents) -> str:
    """The few facts that everything below stands on, at the top of the page."""
    board, meta = found.board, found.meta
    best = next((row for row in board.rows if not row.floor), None)
    facts = []
    if best is not None and board.sort in best.scores:
        estimate, metric = best.scores[board.sort], board.metric(board.sort)
        spread = "" if estimate.low is None else f" [{number(estimate.low, metric)}, {number(estimate.high, metric)}]"
        behind = [row.model for row in board.rows[: board.rows.index(best)]]
        note = f"{metric.title} {number(estimate.mean, metric)}{spread}" + (f"; behind the floor {' and '.join(behind)}" if behind else "")
        facts.append(("best learned model", f"{found.swatch(best.model)}{escape(best.model)}", note))
    learned = sum(not one.floor for one in found.saved)
    facts.append(("compared", f"{learned} learned, {len(found.saved) - learned} floors", board.budget or "each with a budget of its own"))
    counts = meta.get("counts", {})
    of = " / ".join(f"{int(counts.get(split, 0)):,}" for split in ("train", "val", "test"))
    side = f"{meta['size']}×{meta['size']} pixels, from {int(meta.get('photographs', board.n_photos)):,} photographs"
    facts.append(("train / val / test", of, side))
    facts.append(("split by", str(meta["split_by"]), f"seed {found.params.split.seed}"))
    here = commit()
    facts.append(("data", f"<code>{escape(board.data_hash)}</code>", "hash of the pictures"))
    facts.append(("code", f"<code>{escape(here.short)}</code>" if here else "unknown", _changed(here)))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}<small>{escape(note)}</small></dd></div>" for name, value, note in facts)
    return f'<dl class="tiles">{cells}</dl>'


def _changed(here: Commit | None) -> str:
    if here is None:
        return "no git checkout"
    return f"commit, and {here.changed} changed {'file' if here.changed == 1 else 'files'}" if here.changed else "commit, nothing changed"


def what_was_trained(found: Contents) -> str:
    """The section: protocol, counts, the models with their steps, and the settings."""
    meta, board = found.meta, found.board
    counts = meta.get("counts", {})
    shown = {str(one.one_picture) for one in found.saved if one.one_picture}
    sentences = [
        f"Trained on {counts.get('train', 0):,}, validated on {counts.get('val', 0):,} and tested on {counts.get('test', 0):,} pictures.",
        board.protocol,
        board.budget,
        f"{' and '.join(one.name for one in found.saved if one.one_picture)} saw gallery picture {', '.join(sorted(shown))} alone."
        if shown
        else "",
    ]
    here = commit()
    where = f"Code: commit {here}." if here else "Code: no git checkout, so the commit is unknown."
    text = f"<p>{escape(' '.join(filter(None, sentences)))}</p><p>Data <code>{escape(board.data_hash)}</code>. {escape(where)}</p>"
    return section("trained", "What was trained on what", text + _settings(found))


def _settings(found: Contents) -> str:
    shared, own = differences(found.params)
    if not shared and not own:
        return "<p>Every setting is the one huelab comes with.</p>"
    parts = []
    if shared:
        rows = [[_key(one), escape(one.here), escape(one.default), escape(one.meaning) or "–"] for one in shared]
        parts.append(table(["setting", "here", "default", "what it is"], rows, text=4, kind="settings"))
    if own:
        rows = [[f"{found.swatch(name)}{escape(name)}", "".join(_chip(one) for one in settings)] for name, settings in own.items()]
        parts.append(table(["model", "differs from the model file (default in brackets)"], rows, text=2, kind="settings"))
    count = len(shared) + sum(map(len, own.values()))
    return f"<h3>Settings that differ</h3>{folded(f'{count} settings differ from the defaults', ''.join(parts), unfolded=count <= 30)}"


def _key(one: Difference) -> str:
    return f"<code>{escape(one.key)}</code>"


def _chip(one: Difference) -> str:
    values = f"{escape(one.key)} <b>{escape(one.here)}</b> <i>({escape(one.default)})</i>"
    return f'<span class="chip" title="{escape(one.meaning)}">{values}</span>'
