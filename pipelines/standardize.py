"""Stage standardize: photographs become equal pictures with splits, in work/store. Run: python -m pipelines.standardize"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Reads the photograph table and data/, writes the store, prints counts and protocol."""
    # imported here: worker processes load this file again, and need none of it
    from huelab import params, paths
    from huelab.data.archives import photographs_folder
    from huelab.data.photographs import read_table
    from huelab.data.standardize import standardize

    settings = params.load()
    done = standardize(
        read_table(paths.photo_table()),
        photographs_folder(paths.data(), cache=paths.cache()),
        out=paths.store(),
        standard=settings.standardize,
        split=settings.split,
        max_pixels=settings.inspect.max_pixels,
    )
    for path, reason in done.skipped:
        print(f"standardize: left out {path}: {reason}")
    counts = ", ".join(f"{name} {count}" for name, count in done.meta["counts"].items())
    size = done.meta["size"]
    print(f"standardize: {counts} pictures of {size} x {size}; {done.read} photographs read, {done.kept} kept. {done.meta['protocol']}")


if __name__ == "__main__":
    stage.main(main)
