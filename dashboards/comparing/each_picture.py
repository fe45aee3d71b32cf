"""Section Pictures of page Compare: every test picture's score under every model; the row chosen is shown in full."""

import pandas as pd
import streamlit as st

from dashboards import failing, parts, pictures
from dashboards.comparing import one_picture, plots
from dashboards.scored import Scored
from huelab.data.store import region
from huelab.models import FLOORS


def show(scored: Scored, metric: str, models: list[str], *, kept: int) -> None:
    """The table in `metric`, filters above it, the chosen picture beside it. `kept`: how many coloured copies evaluation keeps."""
    table = scored.by_picture(metric, models)
    names = [name for name in models if name in table and parts.finite(table[name]).size]
    if not names:
        st.info(f"No model shown has a {parts.title_of(metric)} of each picture.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Sort by", names, index=names.index(best(table, metric, names)), key="shown_by", width=180)
        order = st.segmented_control("First", ["worst", "best"], default="worst", required=True, key="shown_order")
        labels = sorted(set(table["label"]) - {""})
        wanted = st.multiselect("Labels", labels, key="shown_labels", width=260) if labels else []
        failed = failing.causes_of(scored.ranked[by]) if by not in FLOORS else {}
        causes = sorted({cause for found in failed.values() for cause in found})
        by_cause = st.multiselect(f"Failures of {by}", causes, key="shown_causes", width=260) if causes else []
    if wanted:
        table = table[table["label"].isin(wanted)]
    if causes:
        table["failed"] = [", ".join(failed.get(item, ())) for item in table["item_id"]]
    if by_cause:
        table = table[[bool(set(by_cause) & set(failed.get(item, ()))) for item in table["item_id"]]]
    table["region"] = table["item_id"].map(region)
    table = table.sort_values([by, "item_id"], ascending=parts.ascending(metric) == (order == "best")).reset_index(drop=True)
    if table.empty:
        st.info("No test picture fits these filters.", icon=":material/filter_alt:")
        return
    left, right = st.columns([2, 3], gap="medium")
    asked = "|".join([metric, by, order, *wanted, *by_cause])  # another table begins with no row chosen
    with left:
        event = st.dataframe(
            table,
            hide_index=True,
            height=min(430, 38 + 35 * len(table)),
            on_select="rerun",
            selection_mode="single-row",
            key=f"shown_table_{asked}_{len(table)}",
            column_order=[
                "path",
                *(["region"] if table["region"].any() else []),
                *(["label"] if labels else []),
                by,
                *(["failed"] if causes else []),
                *(name for name in names if name != by),
            ],
            column_config={"path": "Photograph", "label": "Label", "region": "Region", "failed": f"Failure of {by}"}
            | {name: st.column_config.NumberColumn(name, format=parts.pattern(metric)) for name in names},
            alt="Scores of every test picture",
        )
        st.caption(f"{len(table):,} {'picture' if len(table) == 1 else 'pictures'}. Choose a row to see it. {parts.title_of(metric)}.")
    rows = [row for row in event.selection.rows if row < len(table)]
    with right:
        row = table.iloc[rows[0] if rows else 0]
        truth, made = of_models(row["item_id"], names)
        st.markdown(one_picture.title(row))
        one_picture.side_by_side(truth, made, {name: f"{name} · {parts.written(metric, row[name])}" for name in names})
        if not any(picture is not None for picture in made.values()):
            st.caption(f"No coloured copy of this picture was kept: `evaluate.pictures` keeps the first {kept}.")
    one_picture.closely(truth, made, key="shown_divider")
    st.markdown("##### All pictures' scores")
    st.altair_chart(plots.histograms(table, names, metric), width="stretch", alt=f"{metric} picture by picture")
    st.caption(
        "How many of these pictures got which score; the line is the median. Scores beyond the middle 98 % stand in the outermost bars."
    )


def of_models(item_id: str, models: list[str]) -> tuple[pictures.Picture | None, dict[str, pictures.Picture | None]]:
    """A test picture as it was, and as each of `models` made it."""
    return pictures.truth(item_id), {name: pictures.made(name, item_id) for name in models}


def best(table: pd.DataFrame, metric: str, names: list[str]) -> str:
    """The learned model of `names` with the best mean; the first of them where none has learned."""
    means = pd.Series({name: parts.finite(table[name]).mean() for name in names if name not in FLOORS}).dropna()
    if means.empty:
        return names[0]
    return str(means.idxmin() if parts.ascending(metric) else means.idxmax())
