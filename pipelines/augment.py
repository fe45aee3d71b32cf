"""Stage augment: the augmentation policy and a sheet of what it does, in work/augment. Run: python -m pipelines.augment"""

from __future__ import annotations

from huelab import params, paths
from huelab.data.augmentation import write_augmentation
from huelab.data.store import Store
from pipelines import stage


def main() -> None:
    """Reads the store, writes policy, contact sheet and copies, prints one line."""
    settings = params.load()
    augment = settings.augment
    store = Store.open(paths.store())
    copies = write_augmentation(store, augment, seed=settings.train.seed, out=paths.augmentation())
    written = f"{copies} copies written" if copies else "drawn anew in every epoch"
    print(f"augment: flip {augment.flip:g}, affine {augment.affine:g}, tone {augment.tone:g}; {written}.")


if __name__ == "__main__":
    stage.main(main)
