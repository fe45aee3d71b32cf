"""Page Overview: what ran, on which photographs and commit, what is missing or running, and what to do next."""

import html
import os

import streamlit as st

from dashboards import board, champion, parts, provenance, reading, stages, standing
from huelab import params, paths
from huelab.models import FLOORS


def headline(found: list[stages.Stage]) -> None:
    """The few numbers that say how things stand."""
    photographs = reading.table(paths.photo_table())
    done = sum(stage.state == "done" for stage in found)
    best = board.best()
    with st.container(horizontal=True):
        if best is not None:
            st.metric(
                f"Best learned model by {best.title}",
                best.model,
                best.written + (f", behind the floor {best.behind}" if best.behind else ""),
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"Mean over the test pictures of every photograph, with its {best.confidence:.0%} bootstrap interval.",
            )
        now = champion.now(_nothing)
        if now is not None:
            version = f"version {now.registered.version}" if now.registered.version else None
            st.metric("Champion", now.registered.model, version, delta_color="off", delta_arrow="off", border=True)
        if photographs is not None:
            used = int((photographs["reject_reason"] == "").sum())
            st.metric(
                "Photographs", f"{used:,}", f"{len(photographs) - used:,} rejected", delta_color="off", delta_arrow="off", border=True
            )
        st.metric(
            "Stages done", f"{done} of {len(found)}", f"{len(settings.models)} models", delta_color="off", delta_arrow="off", border=True
        )


def ground() -> None:
    """The commit, the photographs and the protocol that the results stand on."""
    facts = []
    commit = provenance.commit(str(paths.root()))
    if commit is not None:
        dirt = "" if not commit.changed else f", {commit.changed} file{'s' * (commit.changed > 1)} changed since"
        facts.append(("Code", f"commit <code>{html.escape(commit.short)}</code> of {commit.date}{dirt}: {html.escape(commit.subject)}"))
    meta = reading.document(paths.store() / "meta.json")
    source = provenance.source()
    if source is not None:
        facts.append(("Photographs", f"imported from <code>{html.escape(source)}</code>"))
    if meta:
        facts.append(("Data hash", f"<code>{html.escape(str(meta['data_hash']))}</code>, {meta['size']}×{meta['size']} pixels"))
        facts.append(("Protocol", html.escape(meta["protocol"])))
    now = champion.now(_nothing)
    if now is not None:
        facts.append(("Champion", standing.sentence(now)))
    if facts:
        rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
        st.html(f'<dl class="facts">{rows}</dl>')


def _nothing(_: str) -> None:
    """Page Colour says what is damaged."""


def pipeline(found: list[stages.Stage]) -> None:
    """Every stage with its state: the shared ones in a row, training and scoring in one table of models."""
    by_name = {stage.name: stage for stage in found}
    shared = "".join(
        f'<li class="{stage.state}"><b>{stage.name}</b><span>{_badge(stage)}</span></li>' for stage in found if "@" not in stage.name
    )
    st.html(f'<ol class="stages">{shared}</ol>')
    rows = []
    for name in settings.models:
        card = reading.document(paths.model(name) / "card.json") or {}
        kind = "floor" if name in FLOORS else f"{card['parameters'] / 1e6:.2f} M · {card['steps']:,} steps" if card.get("steps") else "–"
        trained, scored = by_name[f"train@{name}"], by_name[f"evaluate@{name}"]
        rows.append(f"<tr><th>{name}</th><td>{_badge(trained)}</td><td>{_badge(scored)}</td><td>{kind}</td></tr>")
    st.html(
        '<div class="wide"><table class="models"><thead><tr><th>Model</th><th>train</th><th>evaluate</th>'
        "<th>parameters · training</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _badge(stage: stages.Stage) -> str:
    word = parts.STATES[stage.state]
    why = f' title="{html.escape(", ".join(stage.changed))}"' if stage.state == "outdated" else ""
    return f'<span class="state {stage.state}"{why}>{word}</span>'


def next_steps(found: list[stages.Stage], run: stages.Run | None) -> None:
    """Commands that fit the present state."""
    st.subheader("What to do next")
    missing = [stage.name for stage in found if stage.state == "missing"]
    outdated = [stage for stage in found if stage.state == "outdated"]
    if run is not None or any(stage.state == "running" for stage in found):
        st.write("A run is at work. What is ready is shown on every page; the rest follows as stages finish.")
    elif len(missing) == len(found):
        st.write("Nothing has run yet. One command takes the photographs all the way to compared colorizers:")
        parts.commands("make run")
    elif missing or outdated:
        if outdated:
            keys = sorted({key for stage in outdated for key in stage.changed})
            named = ", ".join(f"`{key}`" for key in keys[:8]) + (", …" if len(keys) > 8 else "")
            st.write(f"params.yaml has changed since the last run ({named}). Bring it up to date:")
        else:
            named = ", ".join(f"`{name}`" for name in missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
            st.write(f"Still missing: {named}. What is done is not done again:")
        parts.commands("make run")
    else:
        st.write("Everything is up to date. Colour a photograph, or train on your own:")
        parts.commands("huelab colorize PHOTO -o OUT", "huelab data use FOLDER && make run")


@st.fragment(run_every=5)
def live() -> None:
    """The parts that change while a run is at work, looked at anew every five seconds."""
    found = stages.survey(settings)
    run = stages.run_in_progress()
    running = [stage.name for stage in found if stage.state == "running"]
    if run is not None or running:
        what = f"**{', '.join(running)}**" if running else "between two stages"
        who = f" (process {run.pid}, since {run.since}: `{run.command}`)" if run is not None else ""
        st.info(f"A run is in progress: {what}{who}. This page follows it.", icon=":material/sync:")
    headline(found)
    ground()
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Stages")
        pipeline(found)
    with right:
        next_steps(found, run)
        mlflow = os.environ.get("HUELAB_MLFLOW")
        if mlflow:
            st.link_button("Every run and its curves, in MLflow", mlflow, icon=":material/query_stats:")


st.title("Overview")
settings = params.load()
live()
sheets = {"Gallery": "gallery_sheet.png", "Test pictures": "contact_sheet.png"}
drawn = {title: content for title, file in sheets.items() if (content := reading.picture(paths.reports() / file)) is not None}
if drawn:
    st.subheader("Side by side")
    for tab, (title, content) in zip(st.tabs(list(drawn)), drawn.items(), strict=True):
        tab.image(content, width="stretch", alt=f"{title}: gray, truth and every model side by side")
