"""Stage compare: leaderboard, contact sheets, curves and the HTML report, in work/reports. Run: python -m pipelines.compare"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Compares the colorizers that params.yaml names and says who leads and where to read on."""
    from huelab import params, paths
    from huelab.evaluation.compare import compare

    board = compare(params.load())
    leader = f", {board.rows[0].model} leads in {board.sort}" if board.rows else ""
    reports = paths.reports().relative_to(paths.root())
    print(f"compare: {len(board.rows) + len(board.own)} colorizers{leader}; see {reports}/leaderboard.txt and {reports}/report.html")


if __name__ == "__main__":
    stage.main(main)
