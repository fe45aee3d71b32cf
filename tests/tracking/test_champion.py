"""The champion must be the best there is, and stay usable whatever happens to the project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from huelab import paths
from huelab.colorize import choose
from huelab.models.saved import Saved
from huelab.tracking import promotions
from tests.tracking.own import own_database
from tests.tracking.seen import client, names, sync
from tests.tracking.stages import SCORES, compare, evaluate, train


def champion() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(paths.champion().read_text())
    return found


def records() -> list[promotions.Promotion]:
    return promotions.read(lambda line: pytest.fail(line))


def test_floors_and_models_of_one_picture_are_never_registered(mirrored: Path) -> None:
    """alpha scores best of all here, on the one picture it memorised."""
    versions = client().search_model_versions(f"name = '{names().model}'")
    assert {version.tags["huelab.model"] for version in versions} == {"beta", "plain"}


def test_the_first_champion_is_recorded_and_outlives_the_model_it_was_copied_from(mirrored: Path) -> None:
    first = records()
    assert len(first) == 1
    assert (first[0].before, first[0].after.model, first[0].by) == (None, "plain", "rule")
    assert first[0].why == "the first champion: ciede2000 11, best of 2"

    shutil.rmtree(paths.model("plain"))
    shutil.rmtree(paths.scores("plain"))
    folder = choose.resolve("champion")
    assert folder.is_relative_to(paths.var())
    Saved.open(folder).colorizer()
    assert (folder / "scores" / "scores.parquet").is_file()
    record = champion()
    assert not Path(record["folder"]).is_absolute()
    assert (record["model"], record["content"]) == ("plain", first[0].after.content)


def test_a_better_challenger_takes_over_also_from_one_that_is_in_no_stage_any_more(mirrored: Path) -> None:
    train("beta", seed=1)
    evaluate("beta", 10.0)
    train("plain", seed=1)  # what was champion lives in var/champion alone now
    evaluate("plain", 19.0)
    compare({**SCORES, "beta": 10.0, "plain": 19.0})
    _, said = sync()

    record = champion()
    assert (record["model"], record["version"]) == ("beta", 3)
    assert record["why"].startswith("beta's ciede2000 10 against plain's 11 is a paired gain of 1 [")
    assert said[-1].startswith("champion is now beta (version 3)")
    second = records()[-1]
    assert (second.before and second.before.model, second.after.model) == ("plain", "beta")
    assert [found["what"] for found in second.evidence] == ["ciede2000", "ssim", "delta_colorfulness", "lpips_alex", "people fooled"]
    _, again = sync()
    assert again[-1] == "champion stays beta (version 3): still the best: ciede2000 10"
    assert len(records()) == 2


def test_a_gain_within_chance_and_a_veto_change_nothing(mirrored: Path) -> None:
    evaluate("beta", 10.99)
    _, said = sync()
    assert "beta does not pass (ciede2000: better within chance" in said[-1]
    evaluate("beta", 9.0, ssim=0.5)
    _, said = sync()
    assert "beta does not pass (ssim: worse, and the interval excludes 0: veto)" in said[-1]
    assert champion()["model"] == "plain"
    assert len(records()) == 1


def test_the_same_weights_scored_anew_stay_champion_with_the_new_scores(mirrored: Path) -> None:
    """A new metric, or an edit of the code that scores, makes no other colorizer."""
    before = champion()
    evaluate("plain", 11.5)
    sync()
    after = champion()
    assert after["content"] != before["content"]
    assert (after["weights"], after["why"], after["when"]) == (before["weights"], before["why"], before["when"])
    summary = json.loads((paths.root() / after["folder"] / "scores" / "summary.json").read_text())
    assert summary["means"]["ciede2000"] == 11.5
    assert len(records()) == 1


def test_automatic_promotion_can_be_switched_off(mirrored: Path) -> None:
    file = paths.params_file()
    file.write_text(file.read_text().replace("  auto: true", "  auto: false"))
    evaluate("beta", 5.0)
    _, said = sync()
    assert said[-1] == "champion: plain (version 2) (registry.auto is off); `huelab promote` applies the rule"
    assert champion()["model"] == "plain"


def test_a_lost_champion_copy_is_made_again(mirrored: Path) -> None:
    shutil.rmtree(paths.var() / "champion")
    paths.champion().write_text("{ half written")
    _, said = sync()
    assert any("champion.json is damaged" in line for line in said)
    assert "champion restored: plain (version 2), as registry/promotions.jsonl says" in said
    assert (paths.root() / champion()["folder"] / "weights.safetensors").is_file()
    assert len(records()) == 1


def test_a_champion_that_is_in_no_stage_any_more_is_fetched_from_the_registry_with_its_scores(mirrored: Path) -> None:
    shutil.rmtree(paths.var() / "champion")
    shutil.rmtree(paths.model("plain"))
    shutil.rmtree(paths.scores("plain"))
    sync()
    folder = paths.root() / champion()["folder"]
    Saved.open(folder).colorizer()
    assert (folder / "scores" / "scores.parquet").is_file()


@pytest.mark.slow
@own_database
def test_a_deleted_database_costs_no_champion_and_no_history(mirrored: Path) -> None:
    """The champion is in no stage any more, and the new registry numbers versions anew."""
    before, lines, kept = champion(), paths.promotions().read_text(), ("model", "content", "why", "when")
    train("plain", seed=1)
    evaluate("plain", 19.0)
    paths.tracking_database().unlink()
    shutil.rmtree(paths.tracking_artifacts())
    _, said = sync()

    after = champion()
    assert [after[key] for key in kept] == [before[key] for key in kept]
    assert f"champion plain is version {after['version']} now: the registry was rebuilt, or it was scored anew" in said
    assert str(client().get_registered_model(names().model).aliases["champion"]) == str(after["version"])
    assert client().get_model_version(names().model, str(after["version"])).tags["huelab.content"] == before["content"]
    assert paths.promotions().read_text() == lines, "the same champion again, not a new decision"


@pytest.mark.slow
@own_database
def test_a_deleted_var_costs_no_champion_whose_model_is_still_there(mirrored: Path) -> None:
    before = champion()
    shutil.rmtree(paths.var())
    _, said = sync()
    assert f"champion restored: plain (version {champion()['version']}), as registry/promotions.jsonl says" in said
    assert champion()["content"] == before["content"]
    assert len(records()) == 1


@pytest.mark.slow
@own_database
def test_where_copy_and_artifacts_are_gone_it_is_said_and_the_rule_chooses_anew(mirrored: Path) -> None:
    train("plain", seed=1)
    evaluate("plain", 19.0)
    shutil.rmtree(paths.var() / "champion")
    shutil.rmtree(paths.tracking_artifacts())
    _, said = sync()
    named = next(line for line in said if "which cannot be had" in line)
    assert named.startswith(
        "champion.json names plain (version 2) as champion, which cannot be had: The files of version 2 are not whole in"
    )
    assert champion()["model"] == "beta"
    last = records()[-1]
    assert last.before is not None
    assert last.before.model == "plain"
    assert last.why.startswith("the files of the champion plain (version 2) are gone: ")


def test_an_alias_that_somebody_moved_or_whose_version_was_deleted_is_set_back(mirrored: Path) -> None:
    client().set_registered_model_alias(names().model, "champion", "1")
    _, said = sync()
    assert "MLflow's alias stood for beta (version 1) and is set back to plain (version 2): `huelab promote --to 1 --why TEXT`" in str(said)
    assert str(client().get_registered_model(names().model).aliases["champion"]) == "2"

    client().delete_model_version(names().model, "2")
    sync()
    assert str(client().get_registered_model(names().model).aliases["champion"]) == str(champion()["version"]) == "3"
    assert len(records()) == 1


def test_a_model_whose_weights_are_missing_is_named_and_the_others_registered(mirrored: Path) -> None:
    train("beta", seed=1)
    (paths.model("beta") / "weights.safetensors").unlink()
    _, said = sync()
    named = next(line for line in said if line.startswith("beta is not registered: "))
    assert "weights.safetensors is missing" in named
    assert champion()["model"] == "plain"


def test_a_champion_of_an_older_version_keeps_working_and_gets_what_it_lacks(mirrored: Path) -> None:
    record = champion()
    folder = paths.root() / record["folder"]
    shutil.rmtree(folder / "scores")
    shutil.rmtree(paths.promotions().parent)
    old = {"model": "plain", "version": 2, "folder": record["folder"], "why": "best", "when": "2025-01-02 03:04:05"}
    paths.champion().write_text(json.dumps(old))
    assert choose.resolve("champion") == folder
    sync()
    after = champion()
    assert (after["content"], after["weights"], after["why"]) == (record["content"], record["weights"], "best")
    assert (folder / "scores" / "scores.parquet").is_file()


def test_a_promotion_that_came_with_git_counts_where_it_is_newer(mirrored: Path) -> None:
    """A colleague chose beta, which is here as well; what is not here cannot be followed and is said."""
    first = records()[0]
    beta = next(one for one in client().search_model_versions(f"name = '{names().model}'") if one.tags["huelab.model"] == "beta")
    theirs = promotions.Registered("beta", beta.tags["huelab.content"])
    promotions.append(promotions.Promotion("2099-01-01T00:00:00Z", "Ada", "person", "promote", "warmer", first.after, theirs))
    _, said = sync()
    assert "champion is now beta (version 1): registry/promotions.jsonl says so since 2099-01-01T00:00:00Z (warmer)" in said
    assert champion()["model"] == "beta"

    stranger = promotions.Registered("zhang", "never seen here")
    promotions.append(promotions.Promotion("2099-01-02T00:00:00Z", "Ada", "person", "promote", "bluer", theirs, stranger))
    _, said = sync()
    assert "registry/promotions.jsonl names zhang (content never seen here) as champion, which cannot be had" in str(said)
    assert champion()["model"] == "beta"
