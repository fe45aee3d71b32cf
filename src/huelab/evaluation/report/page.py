"""The whole page: its sections in order, the style sheet, the way around. One file, at most LARGEST bytes, that loads nothing."""

from __future__ import annotations

import re
from html import escape, unescape

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.costs import costs
from huelab.evaluation.report.curve_plot import learning_curves
from huelab.evaluation.report.densities import densities
from huelab.evaluation.report.facts import tiles, what_was_trained
from huelab.evaluation.report.failing import failure_gallery
from huelab.evaluation.report.gallery import sheets
from huelab.evaluation.report.histograms import histograms
from huelab.evaluation.report.interval_plots import intervals
from huelab.evaluation.report.leaderboard_table import leaderboard
from huelab.evaluation.report.left_out import left_out
from huelab.evaluation.report.model_cards import model_cards
from huelab.evaluation.report.reliability import reliability
from huelab.evaluation.report.style import CSS
from huelab.evaluation.tables import facts

LARGEST = 15_000_000
"""Bytes of the page at most; contact sheets lose sharpness, then rows, before it grows larger."""
_BEFORE = (leaderboard, intervals)
_AFTER = (failure_gallery, histograms, densities, reliability, learning_curves, what_was_trained, costs, left_out, model_cards)


def write(found: Contents) -> str:
    """The page as HTML. But for the commit and durations, which it says are of this machine, a function of what stage compare found."""
    before, after = ("".join(part(found) for part in parts) for parts in (_BEFORE, _AFTER))
    rest = _page(found, before + after)
    return _page(found, before + sheets(found, LARGEST - len(rest.encode()) - 4000) + after)


def _page(found: Contents, body: str) -> str:
    there = re.findall(r'<section id="([^"]+)"><h2>([^<]*)</h2>', body)
    nav = "".join(f'<a href="#{name}">{escape(unescape(title))}</a>' for name, title in there)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>huelab: colorizers compared</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{CSS}{found.inks()}</style></head><body><main>"
        f'<header><h1>Colorizers compared</h1><p class="lead">{escape(found.board.protocol)}</p>{tiles(found)}{_facts(found)}</header>'
        f'<nav aria-label="Sections">{nav}</nav>{body}'
        "<footer>Colours are guesses: a colorizer shows what could have been, not what was. Made by huelab, stage compare.</footer>"
        "</main></body></html>\n"
    )


def _facts(found: Contents) -> str:
    """The sentences without which the numbers must not be read; the protocol stands above them."""
    return f"<p>{escape(' '.join(facts(found.board)[1:]))}</p>"
