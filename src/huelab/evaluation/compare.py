"""Stage compare: reads what evaluate left of every model in params.models and writes leaderboard, sheets, curves and report."""

from __future__ import annotations

from huelab import paths
from huelab.data.replacing import replacing
from huelab.data.store import Store
from huelab.evaluation import contact_sheet, curves, failures, human, leaderboard, leaderboard_json, model_card, sheet_png, tables
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.leaderboard import Leaderboard
from huelab.evaluation.report import page
from huelab.evaluation.report.contents import Contents
from huelab.models.saved import Saved
from huelab.params import Params


def compare(params: Params) -> Leaderboard:
    """Writes work/reports anew: leaderboard.csv, .md, .json, .txt, contact_*.png, gallery_sheet.png, curves.png, cards/, report.html.

    Raises DataError, see `contents`.
    """
    found = contents(params)
    with replacing(paths.reports()) as folder:
        dresses = {"csv": tables.to_csv, "md": tables.to_markdown, "json": leaderboard_json.to_json, "txt": tables.short}
        for suffix, dressed in dresses.items():
            (folder / f"leaderboard.{suffix}").write_text(dressed(found.board), encoding="utf-8")
        for sheet in found.sheets:
            (folder / f"{sheet.name}.png").write_bytes(sheet_png.draw(sheet))
        (folder / "curves.png").write_bytes(curves.draw(found.curves))
        (folder / "cards").mkdir()
        for name, card in found.cards.items():
            (folder / "cards" / f"{name}.md").write_text(card, encoding="utf-8")
        (folder / "report.html").write_text(page.write(found), encoding="utf-8")
    return found.board


def contents(params: Params) -> Contents:
    """Reads and compares everything that is then written.

    The models are those that params.yaml names, not those whose folders happen to lie there. Raises DataError where scores are missing,
    damaged or of other data than the store holds, with the command that mends it.
    """
    store = Store.open(paths.store())
    evaluated = [Evaluated.read(name, paths.scores(name)) for name in params.models]
    saved = [Saved.open(paths.model(name)) for name in params.models]
    cards = {one.name: one.card for one in saved}
    board = leaderboard.build(evaluated, store.meta, params.evaluate.metrics, params.compare, cards, human.read())
    learning = curves.read(saved, store)
    sheets = contact_sheet.of_test_pictures(store, evaluated, board, rows=params.compare.rows)
    sheets.append(contact_sheet.of_gallery(store, evaluated))
    stated = model_card.licences(paths.data())
    texts = {one.name: model_card.text(one, board, store.meta, stated) for one in saved}
    return Contents(params, store.meta, board, evaluated, saved, learning, sheets, failures.find(store, evaluated), texts)
