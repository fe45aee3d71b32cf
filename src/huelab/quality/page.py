"""inspection.html: one page, no network, that shows what stage inspect found."""

from __future__ import annotations

import base64
import os
from collections.abc import Hashable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huelab.data import photo
from huelab.data.table import REASONS
from huelab.quality.style import STYLE

if TYPE_CHECKING:
    import pandas as pd

_SIDE = 112  # pixels of a thumbnail's longer side
_PER_REASON = 4
_OF_REJECTS = 24
_OF_USED = 24
_LABELS = 24

# Okabe & Ito, "Color Universal Design", 2008
_BLUE, _ORANGE, _GREEN, _RED, _SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"
_SPLIT_COLOURS = {"train": _BLUE, "val": _ORANGE, "test": _GREEN, "region": _SKY}


def page(found: Mapping[str, Any], table: pd.DataFrame, data: Path, max_pixels: int) -> str:
    """The page: `found` is inspection.json, `table` the photograph table, `data` the folder its paths lead from."""
    verdict = (
        f'<p class="stop"><b>The pipeline stops here.</b> {escape(str(found["stop"]))}</p>'
        if found["stop"]
        else '<p class="go"><b>Fit to learn from.</b> What must hold holds.</p>'
    )
    ignored = (
        f" {found['ignored']} more beside them do not count: notes such as README, and what an operating system dropped."
        if found["ignored"]
        else ""
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Inspection of the photographs</title><style>{STYLE}</style></head><body><main>",
            "<h1>Inspection of the photographs</h1>",
            f'<p class="soft">Every file is a row of the photograph table; a rejected one keeps its reason.{ignored}</p>',
            verdict,
            _tiles(found),
            "<h2>Expectations</h2>",
            _expectations(found["expectations"]),
            "<h2>Counts</h2>",
            '<div class="grid">',
            _bars("Splits", found["splits"], _SPLIT_COLOURS),
            _bars("Reasons of rejection", {REASONS[name]: count for name, count in found["reasons"].items()}, {}, _RED),
            _bars("Labels", found["labels"], {}),
            _bars("Formats of readable pictures", found["formats"], {}),
            "</div><h2>Distributions of readable pictures</h2>",
            '<div class="grid">',
            *(_histogram(name, bins) for name, bins in found["histograms"].items()),
            "</div>",
            _rejects(table, data, max_pixels),
            _sample(table, data, max_pixels),
            "</main></body></html>\n",
        ]
    )


def _tiles(found: Mapping[str, Any]) -> str:
    tiles = {
        "files": found["files"],
        "used": found["used"],
        "rejected": found["rejected"],
        "labels": len(found["labels"]) or "none",
        "near-duplicate groups": found["near_duplicate_groups"],
    }
    return '<div class="tiles">' + "".join(f'<div class="tile"><b>{_number(n)}</b>{name}</div>' for name, n in tiles.items()) + "</div>"


def _expectations(entries: Iterable[Mapping[str, Any]]) -> str:
    rows = []
    for entry in entries:
        word, look = ("met", "ok") if entry["passed"] else (("not met", "bad") if entry["severity"] == "must" else ("warning", "warn"))
        examples = escape(", ".join(entry["examples"][:4])) + (" …" if len(entry["examples"]) > 4 else "")
        detail = escape(str(entry["observed"])) or examples
        share = f"{_number(entry['checked'] - entry['unexpected'])} of {_number(entry['checked'])}"
        rows.append(
            f'<tr><td><span class="badge {look}">{word}</span></td><td><b>{escape(entry["name"])}</b><br>'
            f'<span class="soft">{escape(entry["says"])}</span></td><td>{entry["severity"]}</td><td class="n">{share}</td>'
            f'<td class="soft">{detail}</td></tr>'
        )
    head = '<tr><th></th><th>Expectation</th><th>Weight</th><th class="n">Rows that meet it</th><th>Exceptions</th></tr>'
    return f'<div class="card wide"><table>{head}{"".join(rows)}</table></div>'


def _bars(title: str, counts: Mapping[str, int], colours: Mapping[str, str], colour: str = _BLUE) -> str:
    if not counts:
        return f'<div class="card"><h3>{title}</h3><p class="soft">none</p></div>'
    largest = max(counts.values())
    rows = [
        f'<div class="row"><span>{escape(name)}</span>'
        f'<i style="width:{100 * count / largest:.1f}%;background:{colours.get(name, colour)}"></i><span>{_number(count)}</span></div>'
        for name, count in list(counts.items())[:_LABELS]
    ]
    more = f'<p class="soft">and {len(counts) - _LABELS} more</p>' if len(counts) > _LABELS else ""
    return f'<div class="card"><h3>{title}</h3>{"".join(rows)}{more}</div>'


def _histogram(name: str, bins: Mapping[str, Any]) -> str:
    unit = {"megapixels": "", "shorter side": " (px)", "chroma": " (CIE, mean)", "lightness": " (CIE L, mean)"}.get(name, "")
    counts, largest = bins["counts"], max([*bins["counts"], 1])
    width = 300 / max(1, len(counts))
    bars = "".join(
        f'<rect x="{place * width + 1:.1f}" y="{90 - 84 * count / largest:.1f}" '
        f'width="{width - 2:.1f}" height="{84 * count / largest:.1f}"/>'
        for place, count in enumerate(counts)
        if count
    )
    median = "" if bins["median"] is None else f"median {bins['median']:g}"
    return (
        f'<div class="card"><h3>{escape(name.capitalize())}{unit} <span class="soft">{median}</span></h3>'
        f'<svg viewBox="0 0 300 108" role="img" aria-label="histogram of {escape(name)}">{bars}'
        f'<line x1="0" x2="300" y1="90.5" y2="90.5" stroke="currentColor" stroke-opacity=".3"/>'
        f'<text x="0" y="104">{bins["low"]:g}</text><text x="300" y="104" text-anchor="end">{bins["high"]:g}</text></svg></div>'
    )


def _rejects(table: pd.DataFrame, data: Path, max_pixels: int) -> str:
    rejected = table[table["reject_reason"] != ""]
    if rejected.empty:
        return ""
    shown = rejected.groupby("reject_reason", sort=False).head(_PER_REASON).head(_OF_REJECTS)
    figures = "".join(_figure(row, f"{row['reject_reason']}: {row['reject_detail']}", data, max_pixels) for row in shown.to_dict("records"))
    more = f" ({len(shown)} of {_number(len(rejected))}; all of them in rejects.csv)" if len(shown) < len(rejected) else ""
    return f'<h2>Rejected{more}</h2><div class="thumbs">{figures}</div>'


def _sample(table: pd.DataFrame, data: Path, max_pixels: int) -> str:
    used = table[table["reject_reason"] == ""]
    if used.empty:
        return ""
    # by photo_id, a hash: as good as drawn by chance, and the same each time
    shown = used.sort_values("photo_id").head(_OF_USED)
    figures = "".join(
        _figure(row, f"{row['split']} {row['width']} × {row['height']}", data, max_pixels) for row in shown.to_dict("records")
    )
    return f'<h2>Some of the {_number(len(used))} used</h2><div class="thumbs">{figures}</div>'


def _figure(row: Mapping[Hashable, Any], caption: str, data: Path, max_pixels: int) -> str:
    uri = _thumbnail(Path(os.fsdecode(os.path.join(os.fsencode(data), row["file"]))), max_pixels) if row["photo_id"] else ""
    picture = f'<img src="{uri}" alt="" loading="lazy">' if uri else '<div class="none soft">no picture</div>'
    return f'<figure>{picture}<figcaption>{escape(row["path"])}<br><span class="soft">{escape(caption)}</span></figcaption></figure>'


def _thumbnail(file: Path, max_pixels: int) -> str:
    """A small JPEG as a data URI; "" where the file cannot be read."""
    import cv2

    try:
        rgb, _ = photo.read(file, max_pixels=max_pixels, least_side=_SIDE)
    except photo.UnreadablePhoto:
        return ""
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    done, coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return f"data:image/jpeg;base64,{base64.b64encode(coded.tobytes()).decode()}" if done else ""


def _number(value: Any) -> str:
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else escape(str(value))
