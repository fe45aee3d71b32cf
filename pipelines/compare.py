"""Stage compare: leaderboard, contact sheets, curves and the HTML report, in work/reports. Run: python -m pipelines.compare"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Compares the colorizers that params.yaml names and prints the leaderboard in short."""
    from huelab import params
    from huelab.evaluation.compare import compare
    from huelab.evaluation.tables import short

    print(short(compare(params.load())))


if __name__ == "__main__":
    stage.main(main)
