"""Who is champion now, since when, by whose decision and why: var/champion.json and registry/promotions.jsonl, read anew at every look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboards import reading
from huelab import paths
from huelab.errors import HuelabError
from huelab.evaluation.evaluated import Evaluated
from huelab.tracking import champion, promotions
from huelab.tracking.promotions import Promotion
from huelab.tracking.registered import Registered

Say = Callable[[str], None]


@dataclass(frozen=True)
class Champion:
    """The champion, as the files tell."""

    registered: Registered
    since: str
    why: str
    promotion: Promotion | None
    """The decision that made it champion; None where promotions.jsonl does not have it."""
    folder: Path | None
    """Its own copy of weights, card and scores; None where that is gone."""

    @property
    def decided(self) -> str:
        """By whom, in words; "" where that is not known."""
        if self.promotion is None:
            return ""
        by = "by the rule of params.yaml" if self.promotion.by == "rule" else f"by {self.promotion.who}"
        return f"{'brought back ' if self.promotion.action == 'rollback' else ''}{by}"

    @property
    def card(self) -> str:
        """Its model card (markdown); "" where none was kept."""
        return (reading.text(self.folder / champion.README) or "") if self.folder is not None else ""

    @property
    def scores(self) -> Evaluated | None:
        """What it scored, picture by picture; None where that was not kept."""
        return champion.evaluated(self.registered, self.folder / champion.SCORES) if self.folder is not None else None


def now(say: Say) -> Champion | None:
    """The champion; None where none is registered. What is damaged is told through `say`."""
    claim = champion.claim(say)
    if claim is None:
        return None
    try:
        made = [one for one in promotions.read(say) if one.after.same(claim.registered)]
    except HuelabError as error:
        say(str(error))
        made = []
    last = made[-1] if made else None
    return Champion(claim.registered, last.when if last else claim.when, last.why if last else claim.why, last, _folder())


def _folder() -> Path | None:
    record = reading.document(paths.champion())
    named = record.get("folder") if isinstance(record, dict) else None
    folder = paths.root() / named if isinstance(named, str) else None
    return folder if folder is not None and folder.is_dir() else None


def at(when: str) -> str:
    """A time of the files ("2026-11-21T15:04:05Z") for people."""
    return when.replace("T", " ").replace("Z", " UTC") if when.endswith("Z") else when
