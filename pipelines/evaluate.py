"""Stage evaluate@NAME: a colorizer is scored on the test split, into work/scores/NAME. Run: python -m pipelines.evaluate NAME"""

from __future__ import annotations

import sys

from pipelines import stage


def main() -> None:
    """Scores the colorizer named on the command line and prints its means."""
    from huelab import models, params, paths
    from huelab.data.store import Store
    from huelab.errors import UsageError
    from huelab.evaluation.score import evaluate
    from huelab.models.saved import Saved

    if len(sys.argv) != 2:
        raise UsageError(f"Say which colorizer to score: python -m pipelines.evaluate NAME, with NAME one of {', '.join(models.NAMES)}.")
    name = sys.argv[1]
    models.module(name)  # says which names exist
    settings = params.load()
    store = Store.open(paths.store())
    saved = Saved.open(paths.model(name))
    others = [] if saved.floor else [Saved.open(paths.model(name, seed)) for seed in settings.train.seeds[1:]]
    summary = evaluate(saved, store, settings.evaluate, out=paths.scores(name), device=settings.train.device, other_seeds=others)
    means = ", ".join(f"{metric} {value:.4g}" for metric, value in (summary["means"] | summary["set_level"]).items())
    what = "its own picture" if summary["one_picture"] else f"{summary['n_items']} pictures of {summary['n_photos']} photographs"
    print(f"evaluate: {name} on {what}: {means}")
    if summary["excluded"]:
        print(f"evaluate: not finite and left out: {', '.join(f'{count} of {metric}' for metric, count in summary['excluded'].items())}")


if __name__ == "__main__":
    stage.main(main)
