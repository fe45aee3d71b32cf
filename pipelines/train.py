"""Stage train@NAME: a colorizer learns from work/store (a floor only writes its card). Run: python -m pipelines.train NAME"""

from __future__ import annotations

import sys

from pipelines import stage


def main() -> None:
    """Trains the colorizer named on the command line and prints what it reached."""
    from huelab import models, params
    from huelab.errors import UsageError
    from huelab.training.run import train

    if len(sys.argv) != 2:
        raise UsageError(f"Say which colorizer to train: python -m pipelines.train NAME, with NAME one of {', '.join(models.NAMES)}.")
    saved = train(sys.argv[1], params.load())
    card = saved.card
    if saved.floor:
        print(f"train: {saved.name} is a floor: nothing to learn")
    else:
        print(f"train: {saved.name}, {card['steps']} steps, best at {card['best_step']}: validation mse_ab128 {card['val_mse_ab128']:.5f}")


if __name__ == "__main__":
    stage.main(main)
