"""Stage compare: reads what evaluate left of every model in params.models and writes leaderboard, sheets, curves and report."""

from __future__ import annotations

from huelab import paths
from huelab.data.replacing import replacing
from huelab.data.store import Store
from huelab.evaluation import contact_sheet, curves, leaderboard, leaderboard_json, report, sheet_png, tables
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.leaderboard import Leaderboard
from huelab.models.saved import Saved
from huelab.params import Params


def compare(params: Params) -> Leaderboard:
    """Writes work/reports anew: leaderboard.csv, .md, .json, .txt, contact_sheet.png, gallery_sheet.png, curves.png, report.html.

    The models are those that params.yaml names, not those whose folders happen to lie there. Raises DataError where scores are missing,
    damaged or of other data than the store holds, with the command that mends it.
    """
    store = Store.open(paths.store())
    evaluated = [Evaluated.read(name, paths.scores(name)) for name in params.models]
    saved = [Saved.open(paths.model(name)) for name in params.models]
    board = leaderboard.build(evaluated, store.meta, params.evaluate.metrics, params.compare, {one.name: one.card for one in saved})
    learning = curves.read(saved, store)
    sheets = contact_sheet.of_test_pictures(store, evaluated, board, rows=params.compare.rows)
    sheets.append(contact_sheet.of_gallery(store, evaluated))
    with replacing(paths.reports()) as folder:
        dresses = {"csv": tables.to_csv, "md": tables.to_markdown, "json": leaderboard_json.to_json, "txt": tables.short}
        for suffix, dressed in dresses.items():
            (folder / f"leaderboard.{suffix}").write_text(dressed(board), encoding="utf-8")
        for sheet in sheets:
            (folder / f"{sheet.name}.png").write_bytes(sheet_png.draw(sheet))
        (folder / "curves.png").write_bytes(curves.draw(learning))
        page = report.page(board, learning, sheets, saved, store.meta)
        (folder / "report.html").write_text(page, encoding="utf-8")
    return board
