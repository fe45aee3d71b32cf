"""Page Colour: a photograph in, the same photograph in colour out, at full size."""

from pathlib import PurePath

import streamlit as st

from dashboards import champion, colouring, parts, pictures, slider, standing
from huelab import params, paths
from huelab.colorize.choose import CHAMPION
from huelab.errors import HuelabError


def described(name: str) -> str:
    """A choice of the model list. The champion's name is not in it: the choice stays while champions change."""
    return f"{name}, knows one picture only" if colouring.knows_one_picture(name) else name


def chosen_photograph() -> tuple[str, colouring.Picture] | None:
    """What the visitor uploaded, else the gallery photograph picked; None before either."""
    upload = st.file_uploader(
        "Your photograph", key="colour_upload", help="JPEG, PNG, TIFF, WebP, BMP, GIF …: whatever Pillow reads. It stays on this machine."
    )
    if upload is not None:
        return upload.name, colouring.open_upload(upload.name, upload.getvalue(), params.load().inspect.max_pixels)
    gallery = pictures.gallery()
    if gallery:
        file = st.pills("Or one of the gallery", list(gallery), format_func=lambda name: PurePath(gallery[name]).stem, key="colour_gallery")
        rgb = parts.rgb(paths.gallery() / file) if file else None
        if file and rgb is not None:
            return gallery[file], rgb
    return None


def result(name: str, rgb: colouring.Picture, model: str) -> None:
    """Before and after, and the files to take away."""
    with st.spinner("Colouring …"):
        coloured, by = colouring.colour(rgb, model)
    height, width = rgb.shape[:2]
    was_gray = not (rgb.max(axis=-1) - rgb.min(axis=-1) > 8).mean() > 0.01
    against = "gray"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not was_gray:
            against = st.segmented_control("Compare with", ["gray", "original"], default="gray", required=True, key="colour_against")
        stem = f"{PurePath(name).stem}-{by}"
        st.download_button(
            "Download PNG", colouring.encoded(coloured, "PNG"), f"{stem}.png", "image/png", icon=":material/download:", on_click="ignore"
        )
        st.download_button(
            "Download JPEG", colouring.encoded(coloured, "JPEG"), f"{stem}.jpg", "image/jpeg", icon=":material/download:", on_click="ignore"
        )
    before = rgb if against == "original" else parts.gray_of(rgb)
    slider.before_after(before, coloured, (against, by), width=1100)
    st.caption(f"{name}: {width:,}×{height:,} pixels. The lightness is the photograph's own; {by} gave the colours.")


def who(model: str) -> tuple[str, str]:
    """Says what will colour: the champion's standing, or nothing beside the name chosen. Gives the name and the model card it brought."""
    damaged: list[str] = []
    now = champion.now(damaged.append)
    if now is not None and (gone := colouring.champion_gone()):
        damaged.append(gone)
    for words in damaged:
        st.warning(words, icon=":material/broken_image:")
    if model != CHAMPION:
        return model, ""
    if now is not None:
        standing.shown(now)
        return now.registered.model, now.card
    leader = colouring.champion() or ""
    st.caption(f"No champion is registered: {leader} is the best of the leaderboard. `make run` or `huelab promote` makes one.")
    return leader, ""


st.title("Colour")
choices = colouring.trained()
if not choices:
    st.info("No colorizer is trained yet. This makes all of params.yaml, and picks a champion:", icon=":material/hourglass_empty:")
    parts.commands("make run")
else:
    left, right = st.columns([3, 2], gap="medium")
    with right:
        model = st.selectbox("Colorizer", choices, format_func=described, key="colour_model")
        name, card = who(model)
    try:
        with left:
            given = chosen_photograph()
        if given is not None:
            result(*given, model)
    except HuelabError as error:
        st.error(str(error), icon=":material/broken_image:")
    standing.card(name, card)
