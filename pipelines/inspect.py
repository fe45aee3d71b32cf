"""Stage inspect: python -m pipelines.inspect

Makes work/photos/ from data/: the photograph table, rejects.csv, inspection.json and inspection.html. Fails when too few files are usable.
"""

from huelab import params, paths
from huelab.data import table
from huelab.data.archives import photographs_folder
from huelab.quality import inspection
from pipelines import stage


def inspect() -> None:
    """data/ -> work/photos/."""
    rules = params.load()
    folder = photographs_folder(paths.data(), cache=paths.cache())
    photographs = table.inspect(folder, rules.inspect, rules.split, cache=paths.cache())
    print(inspection.examine(photographs, folder, rules.inspect, rules.split).summary())


if __name__ == "__main__":
    stage.main(inspect)
