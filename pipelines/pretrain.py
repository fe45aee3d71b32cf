"""Stage pretrain: a classifier of the folder names, in work/pretrain, for `backbone: self`. Run: python -m pipelines.pretrain"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Trains it, unless pretrain.steps is 0, and prints how well it names pictures it has not seen."""
    import json

    from huelab import params
    from huelab.training.pretrain import pretrain

    folder = pretrain(params.load())
    if folder is None:
        print("pretrain: off (pretrain.steps is 0)")
        return
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    # two standard errors of a share of so many pictures
    doubtful = card["accuracy_gray"] - card["chance"] < 1 / card["validation_pictures"] ** 0.5
    print(
        f"pretrain: names {card['accuracy']:.1%} of {card['validation_pictures']} validation pictures rightly, {card['accuracy_gray']:.1%} "
        f"in gray; the most frequent of {len(card['classes'])} names would fit {card['chance']:.1%}"
        f"{'; no better than guessing: raise pretrain.steps, or add photographs' * doubtful}"
    )


if __name__ == "__main__":
    stage.main(main)
