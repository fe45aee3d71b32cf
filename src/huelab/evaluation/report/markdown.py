"""As much Markdown as model cards use, made HTML: headings, paragraphs, lists, tables, bold, italic, code. Links lose their address."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from itertools import groupby

_RULE = re.compile(r"\|?[\s:|-]+\|?")


def to_html(text: str) -> str:
    """A page that links nowhere: everything is escaped first. YAML at the head (between lines of ---) is left out."""
    parts = []
    for kind, lines in groupby(_without_head(text).splitlines(), _kind):
        block = list(lines)
        parts.append(_BLOCKS[kind](block) if kind in _BLOCKS else "")
    return "".join(parts)


def _without_head(text: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)


def _kind(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return "blank"
    if stripped.startswith("#"):
        return "heading"
    if stripped.startswith(("- ", "* ")):
        return "list"
    return "table" if stripped.startswith("|") else "paragraph"


def _headings(lines: list[str]) -> str:
    """Below the page's own."""
    return "".join(f"<h4>{_inline(line.strip().lstrip('#').strip())}</h4>" for line in lines)


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_inline(line.strip()[2:])}</li>' for line in lines)}</ul>"


def _table(lines: list[str]) -> str:
    head, *rest = (_cells(line) for line in lines if not _RULE.fullmatch(line.strip()))
    body = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in rest)
    top = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _paragraph(lines: list[str]) -> str:
    return f"<p>{_inline(' '.join(line.strip() for line in lines))}</p>"


def _inline(text: str) -> str:
    safe = escape(text)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe)
    safe = re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"<i>\1</i>", safe)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", safe)


_BLOCKS: dict[str, Callable[[list[str]], str]] = {"heading": _headings, "list": _list, "table": _table, "paragraph": _paragraph}
