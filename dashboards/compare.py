"""Page Compare: the leaderboard with its intervals, the learning curves, and every scored picture beside what each model made of it."""

import pandas as pd
import streamlit as st

from dashboards import board, charts, documents, parts, pictures, reading, slider
from huelab import params, paths
from huelab.data.store import region
from huelab.models import FLOORS


def leaderboard(scored: board.Board) -> None:
    """One dot and interval per model for a chosen metric, and the table of all metrics."""
    st.subheader("Leaderboard")
    st.caption(" ".join((f"{scored.counts}.", scored.protocol, *scored.notes)))
    metric = st.pills("Metric", scored.metrics, default=scored.sort, required=True, format_func=parts.title_of, key="compare_metric")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.altair_chart(charts.intervals(scored.ranked(metric), parts.title_of(metric)), width="stretch", alt=f"{metric} of every model")
        st.caption(f"Dot: mean; line: {scored.confidence:.0%} bootstrap interval over photographs; gray diamonds: floors.")
    with right:
        st.dataframe(
            scored.table(metric),
            hide_index=True,
            height="content",
            column_config={"model": "Model", "beats": st.column_config.TextColumn("Beats (MSE)"), **_columns(scored.metrics)},
            alt="Leaderboard",
        )
    for row in scored.one_picture:
        st.markdown(f"##### {row.model}, apart")
        st.caption(
            f"{row.model} memorises one picture of the gallery and is judged on that picture alone, beside what the floors score there."
        )
        st.dataframe(
            row.values.rename_axis("on that picture"), column_config=_columns(scored.metrics), height="content", alt=f"{row.model}"
        )
    if scored.not_computed:
        with st.expander("Not computed"):
            for name, reason in scored.not_computed.items():
                st.markdown(f"`{name}`: {reason}")


def _one_picture(model: str) -> bool:
    return bool((reading.document(paths.model(model) / "card.json") or {}).get("one_picture"))


def _columns(names: list[str]) -> dict[str, object]:
    return {name: st.column_config.NumberColumn(parts.title_of(name), format=parts.pattern(name)) for name in names}


def learning_curves() -> None:
    """What each learned model's history says."""
    histories = {}
    for name in settings.models:
        history = reading.table(paths.model(name) / "history.csv")
        if history is not None and not history.empty:
            histories[name] = history.assign(model=name)
    if not histories:
        return
    together = pd.concat(histories.values(), ignore_index=True)
    st.subheader("Learning curves")
    ordinary = [name for name in histories if not _one_picture(name)]
    drawn = st.pills("Models", list(histories), selection_mode="multi", default=ordinary or list(histories), key="compare_drawn")
    columns = [
        name for name in together.columns if name not in ("model", "step", "epoch") and pd.api.types.is_numeric_dtype(together[name])
    ]
    default = "val_mse_ab128" if "val_mse_ab128" in columns else columns[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.selectbox("What to draw", columns, index=columns.index(default), key="compare_curve", width=320)
        logarithmic = st.toggle("Logarithmic", key="compare_log")
    shown = together.loc[together["model"].isin(drawn), ["model", "step", value]].dropna()
    if logarithmic:
        shown = shown[shown[value] > 0]
    if shown.empty:
        st.caption("Nothing to draw: choose a model that has this value.")
        return
    st.altair_chart(charts.curves(shown, value, value, logarithmic=logarithmic), width="stretch", alt=f"{value} while training")


def scored_pictures(scores: pd.DataFrame) -> None:
    """A table of every test picture's score under every model; the row chosen is shown in full."""
    metrics = [name for name in settings.evaluate.metrics if name in scores.columns]
    names = [name for name in settings.models if name in set(scores["model"])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = st.selectbox(
            "Score", metrics, index=metrics.index(settings.compare.sort), format_func=parts.title_of, key="shown_metric", width=230
        )
        by = st.selectbox("Sort by", names, index=names.index(_best(scores, metric, names)), key="shown_by", width=160)
        order = st.segmented_control("First", ["worst", "best"], default="worst", required=True, key="shown_order")
        labels = sorted(set(scores["label"]) - {""})
        wanted = st.multiselect("Labels", labels, key="shown_labels", width=260) if labels else []
    chosen = scores[scores["label"].isin(wanted)] if wanted else scores
    table = chosen.pivot_table(index=["item_id", "path", "label"], columns="model", values=metric, dropna=False, observed=True)
    table = table.dropna(how="all").reset_index()[["item_id", "path", "label", *names]]
    table["region"] = table["item_id"].map(region)
    table = table.sort_values([by, "item_id"], ascending=parts.ascending(metric) == (order == "best")).reset_index(drop=True)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        event = st.dataframe(
            table,
            hide_index=True,
            height=430,
            on_select="rerun",
            selection_mode="single-row",
            key=f"shown_table_{metric}_{by}_{order}",
            column_order=[
                "path",
                *(["region"] if table["region"].any() else []),
                *(["label"] if labels else []),
                by,
                *(name for name in names if name != by),
            ],
            column_config={"path": "Photograph", "label": "Label", "region": "Region"}
            | {name: st.column_config.NumberColumn(name, format=parts.pattern(metric)) for name in names},
            alt="Scores of every test picture",
        )
        st.caption(f"{len(table):,} pictures. Choose a row to see it. {parts.title_of(metric)}.")
    with right:
        row = table.iloc[event.selection.rows[0] if event.selection.rows else 0]
        truth = pictures.truth(row["item_id"])
        made = {name: pictures.made(name, row["item_id"]) for name in names}
        details = [f"region {row['region']}" if row["region"] else "", row["label"]]
        st.markdown(" · ".join([f"**{row['path']}**", *filter(None, details)]))
        side_by_side(truth, made, {name: f"{name} · {parts.written(metric, row[name])}" for name in names})
        if not any(picture is not None for picture in made.values()):
            st.caption(f"No coloured copy of this picture was kept: `evaluate.pictures` keeps the first {settings.evaluate.pictures}.")
    st.altair_chart(
        charts.distribution(_finite(chosen, metric), metric, parts.title_of(metric)), width="stretch", alt=f"{metric} picture by picture"
    )
    divider(truth, made, key="shown_divider")


def gallery() -> None:
    """Whole photographs as every model colours them: to look at, never scored."""
    entries = pictures.gallery()
    names = [name for name in settings.models if (paths.scores(name) / "pictures" / "gallery").is_dir()]
    if not entries:
        st.info("The gallery is written by stage `standardize`.", icon=":material/hourglass_empty:")
        return
    chosen = st.selectbox("Photograph", list(entries), format_func=lambda file: entries[file], key="gallery_picture", width=420)
    truth = parts.rgb(paths.gallery() / chosen)
    made = {name: parts.rgb(paths.scores(name) / "pictures" / "gallery" / chosen) for name in names}
    st.caption("Whole photographs, of which training has seen parts where the split is by region: they illustrate and are never scored.")
    side_by_side(truth, made, {name: name for name in names}, width=232)
    divider(truth, made, key="gallery_divider")


def side_by_side(truth, made, names, *, width: int = 132) -> None:
    """gray | truth | models."""
    row = [("gray", None if truth is None else parts.gray_of(truth)), ("truth", truth)]
    row += [(names[name], picture) for name, picture in made.items() if name != "gray"]
    parts.pictures_in_a_row(row, width=width)


def divider(truth, made, *, key: str) -> None:
    """Truth under a divider that uncovers one model's picture."""
    there = [name for name, picture in made.items() if picture is not None]
    if truth is None or not there:
        return
    st.markdown("##### Truth against one model")
    learned = [name for name in there if name not in FLOORS]
    choice = st.pills("Model", there, default=(learned or there)[-1], required=True, key=key)
    slider.before_after(truth, made[choice], ("truth", choice), width=400 if max(truth.shape) <= 128 else 760)


def _best(scores: pd.DataFrame, metric: str, names: list[str]) -> str:
    means = scores.groupby("model")[metric].mean().reindex([name for name in names if name not in FLOORS]).dropna()
    if means.empty:
        return names[0]
    return str(means.idxmin() if parts.ascending(metric) else means.idxmax())


def _finite(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    return scores.loc[parts.finite(scores[metric]).index, ["model", "path", metric]]


st.title("Compare")
settings = params.load()
scored = board.load()
every_score = board.scores(settings.models)
if scored is None and every_score is None:
    st.info(
        "No model has been scored yet: the leaderboard appears after stages `evaluate` and `compare`.", icon=":material/hourglass_empty:"
    )
    parts.commands("make run")
if scored is not None:
    if (paths.reports() / "report.html").is_file():
        st.link_button("The whole report, in a tab of its own", documents.REPORT, icon=":material/open_in_new:")
    leaderboard(scored)
elif every_score is not None:
    st.info("The leaderboard is not written yet; what is scored so far stands below.", icon=":material/sync:")
learning_curves()
if every_score is not None:
    st.subheader("Pictures")
    kinds = ["Test pictures (scored)", "Gallery (whole photographs)"]
    kind = st.segmented_control("Which", kinds, default=kinds[0], required=True, label_visibility="collapsed", key="compare_kind")
    if kind == kinds[1]:
        gallery()
    else:
        scored_pictures(every_score[~every_score["own_picture"]])
