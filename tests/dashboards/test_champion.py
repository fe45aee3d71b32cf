"""The champion on pages Overview and Colour: who, since when and why, and another one as soon as the files say so."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from huelab import paths
from huelab.models.saved import Saved
from huelab.tracking import champion, promotions
from huelab.tracking.promotions import Promotion
from huelab.tracking.registered import Registered
from tests.dashboards.conftest import section, whole, words
from tests.generated_photographs import photograph

Visit = Callable[..., AppTest]


def appoint(model: str, version: int, *, why: str, who: str = "", evidence: tuple = ()) -> None:
    """Makes a trained colorizer champion, as `huelab promote` leaves the files."""
    saved = Saved.open(paths.model(model))
    card = paths.model_card(model)
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(f"# {model}\n\nIntended use of {model}: to try things.\n\nWeights {saved.card['weights_sha256']}\n")
    one = Registered(model, f"content{version}", saved.card["weights_sha256"], saved.card["data_hash"], version)
    when = f"2026-03-0{version}T10:00:00Z"
    promotions.append(Promotion(when, who or "somebody", "person" if who else "rule", "promote", why, None, one, evidence=evidence))
    champion.write(one, folder=champion.keep(one, champion.Source.of_work(saved)), why=why, when=when)


def test_colour_uses_and_names_another_champion_without_a_restart(visit: Visit, copied: Path) -> None:
    """Whoever promotes while the page is open must not go on colouring with the old one, or read an old reason."""
    found = {"what": "ciede2000", "champion": 12.5, "challenger": 11.0, "difference": -1.5, "low": -2.0, "high": -1.0, "verdict": "better"}
    appoint("beta", 1, why="ciede2000 is 1.5 lower", evidence=(found,))
    app = visit("colour", copied)
    buffer = io.BytesIO()
    Image.fromarray(photograph(3, width=80, height=60)).save(buffer, "PNG")
    app.file_uploader[0].set_value(("a.png", buffer.getvalue(), "image/png"))
    app = whole(app.run())
    assert app.selectbox(key="colour_model").options[0] == "champion"
    said = words(app)
    assert "beta (version 1)</b> since 2026-03-01 10:00:00 UTC by the rule of params.yaml: ciede2000 is 1.5 lower" in said
    assert "Intended use of beta" in said
    assert "Colours are guesses" in said
    assert "beta gave the colours" in said
    compared = app.dataframe[0].value
    assert compared.loc[0, ["compared", "before", "now", "interval"]].tolist() == ["CIEDE2000 ↓", "12.5", "11", "-2 to -1"]

    appoint("alpha", 2, why="it is <b>nicer</b>", who="Ada")
    said = words(whole(app.run()))
    assert "alpha (version 2)</b> since 2026-03-02 10:00:00 UTC by Ada: it is &lt;b&gt;nicer&lt;/b&gt;" in said
    assert "Intended use of alpha" in said
    assert "alpha gave the colours" in said


def test_overview_says_who_is_champion_and_why(visit: Visit, copied: Path) -> None:
    appoint("beta", 1, why="the first champion")
    app = whole(visit("overview", copied))
    assert {metric.label: metric.value for metric in app.metric}["Champion"] == "beta"
    assert "since 2026-03-01 10:00:00 UTC by the rule of params.yaml: the first champion" in words(app)


@pytest.mark.parametrize("damage", ["half", "empty object", "copy gone", "promotions half"])
def test_a_damaged_record_of_the_champion_is_said_and_breaks_nothing(damage: str, visit: Visit, copied: Path) -> None:
    appoint("beta", 1, why="the first champion")
    file = paths.promotions() if damage == "promotions half" else paths.champion()
    if damage == "empty object":
        file.write_text("{}")
    elif damage == "copy gone":
        shutil.rmtree(paths.root() / json.loads(file.read_text())["folder"])
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    app = whole(visit("colour", copied))
    assert any("champion" in warning.value or "promotions" in warning.value for warning in app.warning), words(app)
    for page in ("overview", "compare"):
        whole(visit(page, copied))


def test_differences_to_the_champion_stand_beside_the_others(visit: Visit, copied: Path) -> None:
    appoint("beta", 1, why="the first champion")
    app = visit("compare", copied)
    app.button_group(key="versus_other").set_value("champion")
    table = whole(app.run()).dataframe[1].value
    assert set(table["model"]) == {"gray", "mean"}, "the champion's own scores are not compared with themselves"
    scores = {
        name: json.loads((paths.scores(name) / "summary.json").read_text())["means"]["ciede2000"] for name in ("gray", "mean", "beta")
    }
    for name in ("gray", "mean"):
        np.testing.assert_allclose(table.set_index("model").loc[name, "difference"], scores[name] - scores["beta"])
    file = paths.root() / json.loads(paths.champion().read_text())["folder"] / "scores" / "summary.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "data_hash": "other"}))
    app = section(visit("compare", copied), "Leaderboard")
    assert "champion" not in app.button_group(key="versus_other").options
