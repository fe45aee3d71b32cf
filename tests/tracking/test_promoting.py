"""`huelab promote` and `huelab rollback`: every reason is said, a person's decision holds, and a dry run touches nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import HuelabError, UsageError
from huelab.tracking import promoting, promotions
from tests.tracking.own import own_database
from tests.tracking.seen import client, names, sync
from tests.tracking.stages import evaluate, train

Command = Callable[..., None]


def said(command: Command, **options: object) -> str:
    lines: list[str] = []
    command(say=lines.append, **options)
    return "\n".join(lines)


def champion() -> str:
    return str(json.loads(paths.champion().read_text())["model"])


def records() -> list[promotions.Promotion]:
    return promotions.read(lambda line: pytest.fail(line))


def everything(root: Path) -> dict[str, str]:
    """All files but the lock, by content. A database that was only read keeps its bytes."""
    files = (file for file in root.rglob("*") if file.is_file() and file.suffix != ".lock")
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_dry_run_before_anything_was_mirrored_says_who_would_be_first_and_makes_nothing(trained: Path) -> None:
    before = everything(trained)
    text = said(promoting.promote, dry_run=True)
    assert "rule: ciede2000 better by more than 0 with an interval that excludes 0; veto: ssim, delta_colorfulness, lpips_alex" in text
    assert "decision: plain (content " in text
    assert "becomes champion: the first champion: ciede2000 11, best of 2" in text
    assert text.endswith("dry run: nothing was changed")
    assert everything(trained) == before


def test_a_dry_run_shows_every_comparison_and_changes_nothing(mirrored: Path) -> None:
    evaluate("beta", 10.0, ssim=0.8)
    before = everything(mirrored)
    text = said(promoting.promote, dry_run=True)
    assert everything(mirrored) == before
    lines = text.splitlines()
    assert any(line.startswith("champion: plain (version 2, content ") for line in lines)
    gain = next(line for line in lines if line.startswith("ciede2000 "))
    assert gain.split()[1:4] == ["11", "10", "-1"]
    assert gain.endswith("better by more than 0, and the interval excludes 0")
    assert next(line for line in lines if line.startswith("ssim ")).endswith("worse, and the interval excludes 0: veto")
    assert next(line for line in lines if line.startswith("lpips_alex ")).endswith("plain is not scored in it: no veto")
    assert next(line for line in lines if line.startswith("people fooled ")).endswith("no survey covers both: no veto")
    assert any("fewer than 20 such intervals are too narrow" in line for line in lines)
    assert "decision: plain (version 2) stays champion: beta does not pass (ssim: worse" in text


def test_promote_does_what_the_rule_says_also_where_it_is_switched_off_for_runs(mirrored: Path) -> None:
    file = paths.params_file()
    file.write_text(file.read_text().replace("  auto: true", "  auto: false"))
    evaluate("beta", 10.0)
    sync()
    assert champion() == "plain"
    text = said(promoting.promote)
    assert "decision: beta (version 3) becomes champion" in text
    assert champion() == "beta"
    assert (records()[-1].by, records()[-1].action) == ("rule", "promote")


def test_a_persons_decision_is_recorded_and_the_rule_does_not_undo_it(mirrored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """beta is the worse of the two: without the record the next run would set plain back."""
    monkeypatch.setattr(promotions, "who", lambda: "Ada Lovelace")
    preview = said(promoting.promote, to=1, why="warmer skin", dry_run=True)
    assert "the rule would not do it (ciede2000: not better)" in preview
    assert champion() == "plain"

    text = said(promoting.promote, to=1, why="warmer skin")
    assert "champion is now beta (version 1): warmer skin" in text
    assert "recorded in registry/promotions.jsonl, in the name of Ada Lovelace: commit it" in text
    assert str(client().get_registered_model(names().model).aliases["champion"]) == "1"
    last = records()[-1]
    assert (last.who, last.by, last.action, last.why) == ("Ada Lovelace", "person", "promote", "warmer skin")
    assert (last.before and last.before.model, last.after.model) == ("plain", "beta")
    assert last.rule["metric"] == "ciede2000"
    assert last.evidence[0]["what"] == "ciede2000"

    assert said(promoting.promote, to=1, why="again") == "beta (version 1) is champion already: nothing was changed"
    _, lines = sync()
    assert lines[-1] == "champion stays beta (version 1): a person decided so, and nobody newer is there"
    assert "is left alone: Ada Lovelace replaced it on" in said(promoting.promote, dry_run=True)

    train("plain", seed=1)  # something newer, which nobody has decided about
    evaluate("plain", 9.0)
    sync()
    assert champion() == "plain"
    assert len(records()) == 3


def test_rollback_goes_back_and_the_rule_does_not_undo_it(mirrored: Path) -> None:
    evaluate("beta", 10.0)
    sync()
    assert champion() == "beta"
    assert "plain (version 2) would become champion: too blue" in said(promoting.rollback, why="too blue", dry_run=True)
    assert champion() == "beta"

    text = said(promoting.rollback, why="too blue")
    assert "champion is now plain (version 2): too blue" in text
    assert champion() == "plain"
    assert (records()[-1].action, records()[-1].by) == ("rollback", "person")
    sync()
    assert champion() == "plain"
    with pytest.raises(HuelabError, match=r"plain \(version 2\) is the first champion, .*\(3 promotions\): nobody was before it"):
        promoting.rollback(say=print)


@pytest.mark.slow
@own_database
def test_rollback_works_after_the_database_and_the_stages_outputs_are_gone(mirrored: Path) -> None:
    """The copy under var/champion is enough, in a registry that was never told of it."""
    evaluate("beta", 10.0)
    sync()
    train("plain", seed=1)
    evaluate("plain", 19.0)
    paths.tracking_database().unlink()
    shutil.rmtree(paths.tracking_artifacts())
    code = "from huelab import tracking; from huelab.tracking import promoting; tracking.sync(say=print); promoting.rollback(say=print)"
    # a process of its own, as a user's: in this one MLflow still holds the deleted file
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert champion() == "plain"
    assert f"champion is now plain (version {json.loads(paths.champion().read_text())['version']})" in done.stdout
    assert records()[-1].after.content == records()[0].after.content


def test_there_is_nothing_to_roll_back_before_there_is_a_champion(trained: Path) -> None:
    with pytest.raises(HuelabError, match="There is no champion yet"):
        promoting.rollback(say=print)
    with pytest.raises(HuelabError, match="There is no champion yet"):
        promoting.rollback(dry_run=True, say=print)


def test_a_version_that_does_not_exist_or_was_deleted_names_those_that_do(mirrored: Path) -> None:
    with pytest.raises(UsageError, match=r"has no version 7, or it was deleted: there are 1 \(beta\), 2 \(plain\)\."):
        promoting.promote(to=7, why="because", say=print)
    client().delete_model_version(names().model, "1")
    with pytest.raises(UsageError, match=r"has no version 1, or it was deleted: there are 2 \(plain\)\."):
        promoting.promote(to=1, why="because", say=print)


@own_database
def test_a_version_whose_files_are_gone_is_refused(mirrored: Path) -> None:
    train("beta", seed=1)
    evaluate("beta", 19.0)
    shutil.rmtree(paths.tracking_artifacts())
    with pytest.raises(HuelabError, match=r"The files of version 1 are not whole in .*mlartifacts any more"):
        promoting.promote(to=1, why="because", say=print)
    assert champion() == "plain"
    assert len(records()) == 1


@own_database
def test_a_choice_without_a_reason_or_a_registry_is_wrong_use(trained: Path) -> None:
    with pytest.raises(UsageError, match="--to needs --why"):
        promoting.promote(to=1, why=" ", say=print)
    with pytest.raises(UsageError, match="--why belongs to --to"):
        promoting.promote(why="because", say=print)
    paths.tracking_database().unlink()
    with pytest.raises(UsageError, match=r"mlflow\.db does not exist.*huelab track sync"):
        promoting.promote(to=1, why="because", dry_run=True, say=print)
    assert not paths.tracking_database().exists()


def test_what_people_saw_is_weighed_and_a_slip_in_its_file_stops_no_run(mirrored: Path) -> None:
    evaluate("beta", 10.0)
    plain, beta = (json.loads((paths.model(name) / "card.json").read_text())["weights_sha256"] for name in ("plain", "beta"))
    result = {"study": "spring", "low": 0.35, "rate": 0.4, "high": 0.45, "n": 300}
    rows = [
        {**result, "model": "plain", "content": "of then", "weights": plain},
        {**result, "model": "beta", "content": "of then too", "weights": beta, "low": 0.15, "rate": 0.2, "high": 0.25},
    ]
    paths.human_results().write_text(json.dumps({"results": rows}))
    _, lines = sync()
    assert "beta does not pass (people fooled: study spring: fewer, and the interval excludes 0: veto)" in lines[-1]

    paths.human_results().write_text("half written")
    _, lines = sync()
    assert "nobody can be judged" in lines[-1]
    assert "human.json cannot be read" in lines[-1]
    with pytest.raises(HuelabError, match=r"human\.json cannot be read"):
        promoting.promote(dry_run=True, say=print)
    assert champion() == "plain"
