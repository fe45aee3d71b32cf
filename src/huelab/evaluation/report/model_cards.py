"""The models: where each comes from, what was changed, its settings, and its model card."""

from __future__ import annotations

from html import escape
from typing import Any

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markdown import to_html
from huelab.evaluation.report.markup import folded, section
from huelab.evaluation.report.settings import word
from huelab.models.saved import Saved


def model_cards(found: Contents) -> str:
    """The section."""
    cards = "".join(_card(found, one) for one in found.saved)
    return section("models", "Models", f'<div class="cards">{cards}</div>')


def _card(found: Contents, one: Saved) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(one))
    text = found.cards.get(one.name, "")
    whole = folded("Model card", f'<div class="document">{to_html(text)}</div>') if text else ""
    return f'<div class="panel"><h3>{found.swatch(one.name)}{escape(one.name)}: {escape(one.info.title)}</h3><dl>{items}</dl>{whole}</div>'


def _word(value: Any) -> str:
    """A setting; of a group of settings that has a weight of 0, that it does nothing."""
    if isinstance(value, dict):
        return "none" if value.get("weight") == 0 else ", ".join(f"{key} {_word(inner)}" for key, inner in value.items())
    return word(value)


def _facts(one: Saved) -> list[tuple[str, str]]:
    card, info = one.card, one.info
    year = f" ({info.year})" if info.year and str(info.year) not in info.paper else ""
    said = [("source", f"{info.paper}{year}")] if info.paper else []
    said += [("floor", "costs nothing and must be beaten")] if one.floor else []
    said += [("changed", info.changes)] if info.changes else []
    said += [("objective", info.objective), ("licence of the ideas", info.licence)] if info.licence else []
    if not one.floor:
        said += [("parameters", f"{int(card.get('parameters') or 0):,}"), ("steps", f"{card.get('steps')}, best {card.get('best_step')}")]
        said += [(key, _word(value)) for key, value in card.get("params", {}).items() if key != "steps"]
    if card.get("mean_ab"):
        said.append(("mean colour", "ab " + ", ".join(f"{value:.2f}" for value in card["mean_ab"])))
    if card.get("weights_sha256"):
        said.append(("weights", f"SHA-256 {card['weights_sha256'][:12]}…"))
    return said
