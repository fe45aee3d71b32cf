"""What the temperature of the annealed mean does to a trained colorizer of bins: python -m benchmarks.temperature MODEL...

Zhang et al. (2016) read colours out at T = 0.38, between the mean of the distribution (T = 1, dull) and its mode (T to 0, vivid, patchy).
Nothing is trained again: the same network colours the test photographs at each T. Run it where `dvc repro` has trained MODEL.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from huelab import metrics, paths
from huelab.data.store import Store
from huelab.evaluation import predict
from huelab.metrics.pair import Pair
from huelab.models.saved import Saved

TEMPERATURES = (1.0, 0.7, 0.38, 0.2, 0.1)
SHOWN = ("colorfulness", "ciede2000", "mse_ab128", "auc_ab", "auc_ab_rebalanced")


def at(saved: Saved, store: Store, temperature: float) -> dict[str, float]:
    """The SHOWN metrics of the test split with the colours read out at `temperature`."""
    warmer = Saved(saved.folder, {**saved.card, "params": {**saved.card["params"], "temperature": temperature}})
    chosen = [metrics.metric(name) for name in SHOWN]
    columns = {column: function for metric in chosen for column, function in metric.columns.items()}
    pairs = [Pair.of(one.rgb, one.ab, prior=store.prior) for one in predict.over_split(warmer, store, "test", batch=16, device="cpu")]
    means = {name: np.array(np.mean([function(pair) for pair in pairs])) for name, function in columns.items()}
    return {metric.name: float(metric.value({name: means[name] for name in metric.columns})) for metric in chosen}


def main(names: Sequence[str]) -> None:
    if not names:
        print("name trained colorizers of bins: python -m benchmarks.temperature zhang hage")
        return
    store = Store.open(paths.store())
    titles = [metrics.metric(name).title for name in SHOWN]
    print("| model | T | " + " | ".join(titles) + " |\n|---|---:|" + "---:|" * len(SHOWN))
    for name in names:
        saved = Saved.open(paths.model(name))
        for temperature in TEMPERATURES:
            found = at(saved, store, temperature)
            cells = (f"{found[metric]:.{metrics.metric(metric).digits}f}" for metric in SHOWN)
            print(f"| `{name}` | {temperature:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
