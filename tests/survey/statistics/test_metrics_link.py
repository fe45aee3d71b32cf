"""Whether a metric agrees with people: the correlation must be the textbook's, and its interval must cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from huelab.survey.statistics import metrics_link

MODELS = ("alpha", "beta", "zhang")


def judged(photographs: int, *, agrees: float, seed: int = 0) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Per-photograph rates, and scores of which `mse` falls with them by `agrees`."""
    rng = np.random.default_rng(seed)
    rows, scores = [], {}
    for place, model in enumerate(MODELS):
        names = [f"photo{number:03d}" for number in range(photographs)]
        hidden = rng.normal(place * 0.5, 1, photographs)
        rate = rng.binomial(12, 1 / (1 + np.exp(-hidden))) / 12
        rows.append(pd.DataFrame({"model": model, "photo_id": names, "photograph": names, "rate": rate, "trials": 12}))
        mse = -agrees * hidden + rng.normal(0, 1, photographs)
        scores[model] = pd.DataFrame(
            {"model": model, "item_id": names, "photo_id": "whole", "path": "a.jpg", "label": "", "mse": mse, "ssim": np.nan}
        ).sample(frac=1, random_state=1)
    return pd.concat(rows, ignore_index=True), scores


def test_it_is_spearmans_rho_with_ties_over_all_and_within_models() -> None:
    rates, scores = judged(40, agrees=0.6)
    table = metrics_link.joined(rates, scores)
    found = metrics_link.links(table, ["mse", "ssim", "unknown"])
    assert [one.metric for one in found] == ["mse"]
    assert found[0].rho == pytest.approx(spearmanr(table["mse"], table["rate"]).statistic)
    inside = [spearmanr(own["mse"], own["rate"]).statistic for _, own in table.groupby("model")]
    assert found[0].within == pytest.approx(np.mean(inside))
    assert (found[0].pictures, found[0].photographs) == (120, 40)
    assert found[0].low is not None
    assert found[0].high is not None
    assert found[0].low < found[0].rho < found[0].high < 0


def test_scores_are_joined_by_picture_whatever_their_order_and_what_has_none_is_left_out() -> None:
    rates, scores = judged(10, agrees=1)
    scores["alpha"] = scores["alpha"][scores["alpha"]["item_id"] != "photo003"]
    del scores["beta"]
    table = metrics_link.joined(rates, scores)
    assert len(table) == 19
    expected = scores["zhang"].set_index("item_id")["mse"]
    own = table[table["model"] == "zhang"].set_index("photo_id")["mse"]
    pd.testing.assert_series_equal(own.sort_index(), expected.sort_index(), check_names=False)


@pytest.mark.slow
@pytest.mark.long
def test_intervals_over_photographs_cover_the_truth() -> None:
    """Simulated 120 times; the truth is that of very many photographs."""
    rates, scores = judged(20_000, agrees=0.5, seed=99)
    whole = metrics_link.joined(rates, scores)
    truth = spearmanr(whole["mse"], whole["rate"]).statistic
    inside = 0
    for seed in range(120):
        rates, scores = judged(40, agrees=0.5, seed=seed)
        found = metrics_link.links(metrics_link.joined(rates, scores), ["mse"], draws=200)[0]
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= truth <= found.high
    assert inside / 120 > 0.89


def test_too_few_or_equal_pictures_give_no_correlation() -> None:
    rates, scores = judged(1, agrees=1)
    one = metrics_link.links(metrics_link.joined(rates, scores), ["mse"])[0]
    assert (one.rho, one.low, one.within) == (None, None, None)
    rates, scores = judged(8, agrees=1)
    rates["rate"] = 0.5
    assert metrics_link.links(metrics_link.joined(rates, scores), ["mse"])[0].rho is None
    assert metrics_link.links(metrics_link.joined(rates, {}), ["mse"]) == []
