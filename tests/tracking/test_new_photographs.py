"""New photographs change the test split: champion and challenger must meet on the same pictures, or it must be said why they cannot."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from huelab import params, paths
from huelab.data.store import Store
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.score import evaluate
from huelab.models.saved import Saved
from huelab.tracking import champion, new_photographs, succession
from huelab.tracking.champion import Source
from huelab.tracking.promotion import Contender
from huelab.tracking.registered import Registered
from tests.evaluation.test_rescore import SETTINGS, beta, remember, stores

__all__ = ["stores"]


@pytest.fixture
def settings(project: object) -> params.Params:
    loaded = params.load(None, {"train.device": "cpu", "compare.draws": 200, "registry.veto": ["ssim"]})
    return loaded.model_copy(update={"evaluate": SETTINGS})


def registered(saved: Saved, content: str) -> Registered:
    return Registered("beta", content, str(saved.card["weights_sha256"]), str(saved.card["data_hash"]), 1)


@pytest.fixture
def both(stores: tuple[Store, Store]) -> tuple[Contender, Contender]:
    """A champion of thirty photographs, of which only the copy is left, and a challenger of those and fifteen more."""
    before, after = stores
    remember(before)
    first = beta(before)
    evaluate(first, before, SETTINGS, out=paths.scores("beta"), device="cpu")
    one = registered(first, "first")
    folder = champion.keep(one, Source(first.folder, paths.scores("beta")))
    held = Evaluated.read("beta", folder / "scores")

    shutil.rmtree(paths.store())
    shutil.copytree(after.folder, paths.store())
    second = beta(after, seed=1)
    evaluate(second, after, SETTINGS, out=paths.scores("beta"), device="cpu")
    new = Evaluated.read("beta", paths.scores("beta"))
    values = [own.summary["means"]["ciede2000"] for own in (held, new)]
    return Contender(one, values[0], held), Contender(registered(second, "second"), values[1], new)


def test_the_champion_is_judged_by_its_scores_on_the_new_photographs(both: tuple[Contender, Contender], settings: params.Params) -> None:
    """Its own scores are of other pictures, which may have been easier."""
    held, new = both
    holder, challengers, note = new_photographs.together(held, [new], settings)
    assert holder is not None
    assert holder.evaluated is not None
    assert new.evaluated is not None
    assert set(holder.evaluated.table["item_id"]) == set(new.evaluated.table["item_id"])
    assert challengers == [new]
    assert "beta, champion on other photographs, was scored anew on" in note
    own = holder.evaluated.table["ciede2000"].mean()
    assert holder.value == pytest.approx(own)
    assert holder.value != pytest.approx(held.value)

    decision = succession.judge(held, None, [new], [], settings)
    assert decision.notes == (note,)
    found = decision.trials[0].findings[0]
    assert found.champion == pytest.approx(own)
    assert found.difference == pytest.approx(new.evaluated.table["ciede2000"].mean() - own)


def test_on_the_same_photographs_nothing_is_scored_anew(both: tuple[Contender, Contender], settings: params.Params) -> None:
    held, new = both
    same = replace(new, registered=replace(new.registered, data_hash=held.registered.data_hash))
    assert new_photographs.together(held, [same], settings) == (held, [same], "")
    assert new_photographs.together(None, [new], settings) == (None, [new], "")
    assert not (paths.var() / "rescored").exists()


def test_where_that_cannot_be_the_reason_is_told_and_new_data_decides(both: tuple[Contender, Contender], settings: params.Params) -> None:
    held, new = both
    shutil.rmtree(paths.champion_copy("beta-first"))
    decision = succession.judge(held, None, [new], [], settings)
    assert decision.notes == ("beta was scored on other photographs and cannot be scored on these: its copy is gone",)
    assert decision.changed
    assert decision.why.startswith("the photographs changed")
    kept = settings.model_copy(update={"registry": settings.registry.model_copy(update={"new_data": "keep"})})
    assert not succession.judge(held, None, [new], [], kept).changed
