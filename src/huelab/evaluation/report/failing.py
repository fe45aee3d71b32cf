"""The failure gallery: how many kept pictures each learned model got wrong by which cause, and the worst of each beside the photograph."""

from __future__ import annotations

from html import escape

from huelab.evaluation.failures import CAUSES, COLOURFUL, Case, Cause
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import jpeg, section, table

_SIDE, _QUALITY = 160, 86


def failure_gallery(found: Contents) -> str:
    """The section; nothing where no learned model kept a colourful test picture."""
    failures = found.failures
    if not any(failures.examined.values()):
        return ""
    order = [row.model for row in found.board.rows if row.model in failures.examined]
    rows = []
    for name in order:
        examined = failures.examined[name]
        shares = [_share(failures.counts[name][cause.name], examined) for cause in CAUSES]
        rows.append([f"{found.swatch(name)}{escape(name)}", *shares, f"{examined}"])
    head = ["model", *(f"{escape(cause.name)}<small>{escape(cause.rule)}</small>" for cause in CAUSES), "pictures"]
    note = (
        f"Of the kept test pictures whose photograph has a mean chroma of {COLOURFUL:g} CIE units or more. Found by these numbers, not by "
        "a person; a colourization that differs from the photograph may still be a plausible one."
    )
    galleries = "".join(_cause(found, cause, failures.worst[cause.name]) for cause in CAUSES)
    return section("failures", "Failures by cause", f'{table(head, rows, kind="failures")}<p class="note">{escape(note)}</p>{galleries}')


def _share(count: int, examined: int) -> str:
    if not examined:
        return "–"
    part = count / examined
    return f'<span class="meter" style="--part:{part:.0%}">{count}<small>{part:.0%}</small></span>'


def _cause(found: Contents, cause: Cause, cases: list[Case]) -> str:
    head = f"<h3>{escape(cause.name.capitalize())}</h3>"
    if not cases:
        return f'{head}<p class="note">No kept picture fails by it ({escape(cause.rule)}).</p>'
    figures = "".join(_case(found, cause, case) for case in cases)
    return f'{head}<p class="look">{escape(cause.look)}</p><div class="cases">{figures}</div>'


def _case(found: Contents, cause: Cause, case: Case) -> str:
    pictures = "".join(
        f'<span><img loading="lazy" alt="{escape(f"{words}: {case.name}")}" src="{jpeg(rgb, _SIDE, _QUALITY)}">'
        f"<small>{escape(words)}</small></span>"
        for words, rgb in (("photograph", case.truth), (case.model, case.made))
    )
    said = f"{found.swatch(case.model)}<b>{escape(case.model)}</b>: {escape(cause.measure.format(case.value))}"
    return f'<figure><div class="two">{pictures}</div><figcaption>{said}<small>{escape(case.name)}</small></figcaption></figure>'
