"""Page Compare: who ranks where and how surely, two models side by side, every scored picture, colours, learning curves and costs."""

import streamlit as st

from dashboards import board, champion, documents, pairs, parts, scored
from dashboards.comparing import colours, differences, each_picture, gallery, leaderboard, sheets, training, two_models
from huelab import params, paths

SECTIONS = ["Leaderboard", "Two models", "Pictures", "Gallery", "Sheets", "Colours", "Training"]


def amiss(found: scored.Scored, table: board.Board | None) -> None:
    """What keeps a model or the leaderboard from being shown as it should, and what to do."""
    if found.left_out:
        lines = "\n".join(f"- {words}" for words in found.left_out.values())
        st.warning(f"Left out of what is shown from pictures' scores:\n{lines}", icon=":material/broken_image:")
    if found.waiting:
        st.info(f"Not scored yet: {parts.listed(found.waiting)}. `make run` scores what is missing.", icon=":material/hourglass_empty:")
    file = paths.reports() / "leaderboard.json"
    if table is None and file.is_file():
        st.warning(
            "leaderboard.json is half written, damaged or of another version: `dvc repro compare` writes it.", icon=":material/sync:"
        )
    elif table is None:
        st.info("The leaderboard is not written yet; what is scored so far stands below.", icon=":material/sync:")
    elif found.ranked and table.data_hash != (here := next(iter(found.ranked.values())).summary["data_hash"]):
        st.warning(
            f"The leaderboard is of other photographs or another split (data {table.data_hash}) than the scores now ({here}): "
            "`make run` brings it up to date.",
            icon=":material/sync:",
        )


def chosen_models(names: list[str]) -> list[str]:
    """The models to show: all, or those that the visitor left in."""
    with st.popover("Models shown", icon=":material/filter_list:"):
        left_in = st.multiselect("Models shown", names, default=names, key="compare_models", persist_state="session")
    return [name for name in names if name in left_in] or names


def chosen_metric(names: list[str], sort: str) -> str:
    """The metric that everything on the page is shown in."""
    first = sort if sort in names else names[0]
    return str(
        st.selectbox(
            "Metric", names, index=names.index(first), format_func=parts.title_of, key="compare_metric", width=260, persist_state="session"
        )
    )


st.title("Compare")
settings = params.load()
table = board.load()
found = scored.read(settings.models)
if table is None and not found.ranked and not found.own and not found.left_out:
    st.info(
        "No model has been scored yet: the leaderboard appears after stages `evaluate` and `compare`.", icon=":material/hourglass_empty:"
    )
    parts.commands("make run")
else:
    amiss(found, table)
    by_picture = found.metrics(settings.evaluate.metrics)
    names = list(dict.fromkeys([*(table.models if table is not None else []), *found.models]))
    everything = list(dict.fromkeys([*(table.metrics if table is not None else []), *by_picture]))
    if everything:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            metric = chosen_metric(everything, table.sort if table is not None else settings.compare.sort)
            models = chosen_models(names)
            if (paths.reports() / "report.html").is_file():
                st.link_button("The whole report", documents.REPORT, icon=":material/open_in_new:")
        st.caption(parts.about(metric))
        shown = [name for name in models if name in found.ranked]
        # a set's metric has no number for each picture: those sections then show what the table is sorted by
        of_pictures = metric if metric in by_picture else next(iter([settings.compare.sort, *by_picture]), "")
        tabs = dict(zip(SECTIONS, st.tabs(SECTIONS, key="section", on_change="rerun", bind="query-params"), strict=True))
        if tabs["Leaderboard"].open:
            with tabs["Leaderboard"]:
                if table is not None:
                    leaderboard.show(table, metric, models)
                    differences.show(
                        table, metric, models, pairs.to_champion(found.ranked, metric, champion.now(lambda _: None), settings.compare)
                    )
                    leaderboard.apart(table)
                else:
                    st.caption("`dvc repro compare` writes the leaderboard.")
        if tabs["Two models"].open:
            with tabs["Two models"]:
                two_models.show(found, of_pictures, shown, settings)
        if tabs["Pictures"].open:
            with tabs["Pictures"]:
                each_picture.show(found, of_pictures, shown, kept=settings.evaluate.pictures)
        if tabs["Gallery"].open:
            with tabs["Gallery"]:
                gallery.show([*shown, *found.own])
        if tabs["Sheets"].open:
            with tabs["Sheets"]:
                sheets.show({name: found.ranked[name] for name in shown})
        if tabs["Colours"].open:
            with tabs["Colours"]:
                colours.show(shown)
        if tabs["Training"].open:
            with tabs["Training"]:
                training.show([*models, *found.own])
