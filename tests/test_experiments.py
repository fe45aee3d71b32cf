"""Experiments: every shipped file is good and runs; a mistake costs one message; nothing of the user's params.yaml is ever lost.

The projects here are real ones of git and DVC. Those whose stages only take note of their parameters try the command itself; the shipped
files are tried on the real stages, with generated photographs, narrow networks and two steps.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from huelab import experiments, params, tether
from huelab.errors import HuelabError, ParamsError
from huelab.experiments import files, overlay, running
from huelab.run_lock import hold
from tests import generated_photographs
from tests.conftest import ROOT

SHIPPED = sorted(file.stem for file in (ROOT / "experiments").glob("*.yaml"))

EXPERIMENT = """\
about: Two narrow networks.
photographs: any (huelab data use FOLDER)
params:
  models: [gray, beta]
  standardize: {size: 32}
  colorizers:
    beta: {width: 0.125, lr: 1.0e-4}
"""

# a project whose stages take note of their parameters, or fail, or wait to be stopped
DVC_YAML = """\
stages:
  train:
    matrix:
      model: ${models}
    cmd: python step.py ${item.model}
    params: [budget, "colorizers.${item.model}"]
    outs: ["work/models/${item.model}"]
  compare:
    cmd: mkdir -p work/reports && ls work/models > work/reports/leaderboard.txt
    deps: [work/models]
    outs: [work/reports]
"""
STEP = """\
import pathlib, sys, time, yaml
model = sys.argv[1]
pathlib.Path("work/models").mkdir(parents=True, exist_ok=True)
pathlib.Path("ran").open("a").write(model + "\\n")
if pathlib.Path(f"break-{model}").exists():
    sys.exit(f"error: {model} is broken on purpose")
if pathlib.Path(f"sleep-{model}").exists():
    try:
        pathlib.Path("asleep").touch()
        time.sleep(600)
    except KeyboardInterrupt:
        pathlib.Path("saved").touch()
        sys.exit("error: stopped, everything so far is saved")
pathlib.Path("work/models", model).write_text(yaml.dump(yaml.safe_load(open("params.yaml"))))
"""


AUTHOR = [f"GIT_{role}_{key}" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")]


def git(*arguments: str) -> str:
    return program("git", *arguments)


def dvc(*arguments: str) -> str:
    return program(sys.executable, "-m", "dvc", *arguments)


def program(*command: str) -> str:
    environment = {**tether.environment(), **dict.fromkeys(AUTHOR, "somebody@localhost")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def toy(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed project of git and DVC with the experiment `narrow`, and a git that does not know its user's name."""
    (project / "dvc.yaml").write_text(DVC_YAML)
    (project / "step.py").write_text(STEP)
    (project / ".gitignore").write_text("/work/\n/var/\n/ran\n/break-*\n/sleep-*\n/asleep\n/saved\n")
    (project / "experiments").mkdir()
    (project / "experiments" / "narrow.yaml").write_text(EXPERIMENT)
    for name in ("MLFLOW_TRACKING_URI", *AUTHOR):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    git("init", "--quiet")
    dvc("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "start")
    return project


def ran(project: Path) -> list[str]:
    file = project / "ran"
    return file.read_text().splitlines() if file.exists() else []


def started(*words: str, **popen: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "huelab.cli", "experiment", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=1200)
    finally:
        process.kill()  # its children are on a tether and end with it
    return process.returncode, out, err


def huelab_experiment(*words: str) -> tuple[int, str, str]:
    return finish(started(*words))


def until(true: Callable[[], object], seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


# The files that ship


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_good_and_says_what_it_is_for(name: str) -> None:
    """A file that a change of the parameters broke would otherwise be found by whoever wants to run it."""
    experiment = files.open_file(ROOT / "experiments" / f"{name}.yaml")
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings = params.parse(overlay.lay(experiment.overlay, tree), experiment.file)
    assert set(settings.models) >= {"gray", "mean", "shuffled"}, "scores mean little without the floors beside them"
    assert set(experiment.overlay.get("colorizers", {})) <= set(settings.models)
    assert "huelab data use" in experiment.photographs
    assert experiment.about.endswith(".")
    assert f"huelab experiment {name}" in experiment.file.read_text(encoding="utf-8").splitlines()[0]


def test_the_experiments_that_are_promised_are_there() -> None:
    promised = {
        "starter",
        "cifar10-seed",
        "cats-dogs",
        "portraits",
        "hage-variants",
        "losses",
        "koala-paper",
        "zhang-paper",
        "pix2pix-paper",
    }
    assert promised <= set(SHIPPED)


def test_losses_differ_in_the_loss_alone() -> None:
    """Else a row's rank says nothing about its loss."""
    for name in ("losses", "losses-perceptual"):
        entries = files.open_file(ROOT / "experiments" / f"{name}.yaml").overlay["colorizers"].values()
        terms = {"width": 0.25, "steps": 300, "batch": 16}
        for entry in entries:
            assert terms.items() <= entry.items()
            own = {"loss", "perceptual"} | ({"lr"} if entry["loss"] == "adversarial" else set())
            assert set(entry) - set(terms) <= own


@pytest.mark.slow
def test_dvc_writes_what_each_shipped_file_asks_for(toy: Path) -> None:
    """DVC edits params.yaml in a notation of its own, in which a number may become a text or a key be split."""
    shutil.copytree(ROOT / "experiments", toy / "experiments", dirs_exist_ok=True)
    (toy / "dvc.yaml").write_text("stages:\n  nothing:\n    cmd: echo nothing\n    params: [train]\n    always_changed: true\n")
    for name in SHIPPED:
        planned = running.plan(name)
        dvc("exp", "run", *(word for change in planned.changes for word in ("--set-param", change)))
        assert params.load() == planned.params, name
        assert "# What runs and how" in (toy / "params.yaml").read_text(encoding="utf-8"), "comments stay"
        git("checkout", "--quiet", "params.yaml")


# How one tree is laid over another


def test_sections_merge_lists_replace_and_an_entry_of_colorizers_replaces_the_whole_entry() -> None:
    """A published recipe must not inherit the schedule that params.yaml sets for its own small budget."""
    tree = {
        "models": ["gray", "beta"],
        "split": {"by": "region", "seed": 3},
        "colorizers": {"beta": {"width": 0.5, "schedule": "cosine"}, "gray": {}},
    }
    over = {"models": ["plain"], "split": {"by": "photo"}, "colorizers": {"beta": {"width": 1.0}, "plain": None}}
    assert overlay.lay(over, tree) == {
        "models": ["plain"],
        "split": {"by": "photo", "seed": 3},
        "colorizers": {"beta": {"width": 1.0}, "gray": {}, "plain": {}},
    }
    assert tree["split"] == {"by": "region", "seed": 3}, "what was given stays as it was"


def test_set_takes_values_as_yaml_has_them_and_leaves_the_rest_of_an_entry() -> None:
    tree = {"colorizers": {"beta": {"width": 0.5, "steps": 9}}, "train": {"seeds": [0]}}
    changed = overlay.assign(tree, ["colorizers.beta.width=1", "train.seeds=[0, 1]", "split.by=photo", "train.channels_last=true"])
    assert changed == {
        "colorizers": {"beta": {"width": 1, "steps": 9}},
        "train": {"seeds": [0, 1], "channels_last": True},
        "split": {"by": "photo"},
    }
    assert tree == {"colorizers": {"beta": {"width": 0.5, "steps": 9}}, "train": {"seeds": [0]}}


def test_the_difference_names_what_changes_and_nothing_else() -> None:
    before = {"a": {"same": 1, "gone": 2, "new": 0}, "flag": 1, "list": [1]}
    after = {"a": {"same": 1, "new": "it's"}, "flag": True, "list": [1, None], "b-c": {"d": 1e-5}}
    assert overlay.difference(before, after) == ["~a.gone", r"a.new='it\'s'", "flag=true", "list=[1,null]", "++b-c={d:1e-05}"]


# A mistake costs one message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("about: [\n", ["not valid YAML"]),
        ("", ["expected the keys `about`, `photographs` and `params`"]),
        ("photographs: any\n", ["about: missing"]),
        ("about: x\nphotographs: any\nparam: {}\n", ["param: unknown key", "did you mean 'params'"]),
        ("about: x\nphotographs: any\nparams: 3\n", ["params: found 3"]),
        ("about: x\nphotographs: any\nabout: y\n", ["'about' stands twice"]),
        ("about: x\nphotographs: any\nparams: {train: {sead: 1}}\n", ["train.sead: unknown key", "did you mean 'seed"]),
        ("about: x\nphotographs: any\nparams: {standardize: {size: 8}}\n", ["standardize.size: found 8"]),
        ("about: x\nphotographs: any\nparams: {models: [gray, bete]}\n", ["models:", "did you mean 'beta'"]),
        ("about: x\nphotographs: any\nparams: {models: [gray, beta-wide]}\n", ["colorizers.beta-wide: missing"]),
        ("about: x\nphotographs: any\nparams: {colorizers: {beta: {widht: 1}}}\n", ["colorizers.beta.widht", "did you mean 'width'"]),
        ("about: x\nphotographs: any\nparams: {budget: {steps: 3, epochs: 2}}\n", ["budget", "at most one"]),
        ("about: x\nphotographs: any\nparams: {train: 3}\n", ["train: found 3"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_mistake_in_a_file_names_the_file_and_the_key(project: Path, text: str, says: list[str]) -> None:
    (project / "experiments").mkdir()
    file = project / "experiments" / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ParamsError) as caught:
        running.plan("mine")
    for part in [str(file), *says]:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["narow"], 2, ["no experiment 'narow' (did you mean 'narrow'?): choose from narrow", "experiments/NAME.yaml"]),
        (["narrow", "--set", "train.sead=1"], 2, ["--set: 1 problem", "train.sead: unknown key", "did you mean 'seeds'"]),
        (["narrow", "--set", "standardize.size=8"], 2, ["--set", "standardize.size: found 8"]),
        (["narrow", "--set", "budget.steps"], 2, ["write key=value"]),
        (["narrow", "--set", "=3"], 2, ["write key=value"]),
        (["narrow", "--set", "models.gray=3"], 2, ["models is ['gray', 'beta'], which has no keys"]),
        (["narrow", "--set", "models=[gray"], 2, ["'[gray' is no value of YAML"]),
        (["../params"], 2, ["no experiment '../params'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_wrong_use_is_told_before_anything_starts(toy: Path, words: list[str], code: int, says: list[str]) -> None:
    found, out, err = huelab_experiment(*words)
    assert (found, out) == (code, "")
    for part in says:
        assert part in err
    assert "Traceback" not in err
    assert git("status", "--porcelain") == ""
    assert ran(toy) == []


def test_a_mistake_in_params_yaml_is_not_blamed_on_the_experiment(toy: Path) -> None:
    (toy / "params.yaml").write_text("models: [grey]\n")
    with pytest.raises(ParamsError, match=r"^\S*params\.yaml: "):
        running.plan("narrow")


def test_a_dry_run_tells_what_would_change_and_changes_nothing(toy: Path) -> None:
    before = git("status", "--porcelain", "--ignored")
    code, out, err = huelab_experiment("narrow", "--set", "budget.steps=2", "--dry-run")
    assert (code, err) == (0, "")
    for line in ("Two narrow networks.", "Colorizers: gray, beta", "standardize.size=32", "budget.steps=2", "~colorizers.beta.steps"):
        assert line in out
    assert git("status", "--porcelain", "--ignored") == before
    assert ran(toy) == []


def test_a_folder_without_git_is_told_what_to_do(project: Path) -> None:
    (project / "experiments").mkdir()
    (project / "experiments" / "narrow.yaml").write_text(EXPERIMENT)
    with pytest.raises(HuelabError, match=r"not a git repository with a commit.*git init && git add \. && git commit"):
        experiments.run("narrow", say=print)


def test_a_second_run_is_told_who_is_at_work(toy: Path) -> None:
    with hold("run"), pytest.raises(HuelabError, match="Already running: process"):
        experiments.run("narrow", say=print)
    assert git("status", "--porcelain") == ""


def test_photographs_dropped_into_data_are_not_deleted(toy: Path) -> None:
    """DVC imports samples/ over data/ and deletes what else lies there, without a word."""
    (toy / "samples").mkdir()
    (toy / "samples" / "one.jpg").write_text("a photograph\n")
    (toy / "data.dvc").write_text("deps:\n- path: samples\nouts:\n- path: data\n")
    dvc("repro", "--quiet", "data.dvc")
    (toy / "data" / "mine.jpg").write_text("the only copy\n")
    with pytest.raises(HuelabError, match=r"would be lost \(mine\.jpg\)"):
        experiments.run("narrow", say=print)
    assert (toy / "data" / "mine.jpg").exists()


# The command itself


@pytest.mark.slow
def test_an_experiment_runs_is_kept_and_does_not_pile_up_on_the_one_before(toy: Path) -> None:
    """Else the second experiment trains with what the first one set, and its table is of neither."""
    code, out, err = huelab_experiment("narrow")
    assert (code, err) == (0, "")
    assert ran(toy) == ["gray", "beta"]
    assert "beta\ngray" in out, "the leaderboard"
    assert "Kept as the experiment narrow." in out
    assert "git checkout params.yaml" in out
    assert params.load().colorizers["beta"].width == 0.125
    assert dvc("exp", "list", "--name-only").split() == ["narrow"]
    used = yaml.safe_load((toy / "work" / "models" / "beta").read_text())
    assert used["colorizers"]["beta"] == {"width": 0.125, "lr": 1.0e-4}

    code, out, err = huelab_experiment("narrow")
    assert (code, err) == (0, "")
    assert ran(toy) == ["gray", "beta"], "nothing changed, so nothing runs again"
    assert "Kept as the experiment narrow-2." in out, "an earlier result is not thrown away"

    (toy / "experiments" / "other.yaml").write_text("about: x\nphotographs: any\nparams: {models: [mean]}\n")
    code, out, err = huelab_experiment("other")
    assert (code, err) == (0, "")
    assert "params.yaml holds the experiment narrow; this one is laid over what it was before" in out
    assert params.load().standardize.size == 64
    assert params.load().colorizers["beta"].width == 0.5
    git("checkout", "params.yaml")
    assert git("diff") == ""


@pytest.mark.slow
def test_own_edits_of_params_yaml_are_built_upon_and_can_be_had_back(toy: Path) -> None:
    """Who chose their photographs has set split.by: an experiment that went over that would score on the wrong split, or lose it."""
    edited = (toy / "params.yaml").read_text().replace("  by: region", "  by: photo  # mine")
    (toy / "params.yaml").write_text(edited)
    code, out, err = huelab_experiment("narrow")
    assert (code, err) == (0, "")
    assert "laid over your params.yaml, which differs from the last commit in split.by." in out
    assert params.load().split.by == "photo"
    back = next(line for line in out.splitlines() if "go back" in line)
    copy, params_file = back.split()[1:3]
    assert (toy / copy).read_text() == edited
    assert params_file == "params.yaml"
    (toy / "break-mean").touch()
    code, out, err = huelab_experiment("narrow", "--set", "models=[mean]")
    assert code == 1
    assert (toy / copy).read_text() == edited, "nor does a second experiment over the first lose them"


@pytest.mark.slow
def test_a_failed_stage_is_told_in_its_own_words_and_the_next_try_goes_on(toy: Path) -> None:
    (toy / "break-beta").touch()
    code, out, err = huelab_experiment("narrow")
    assert code == 1
    assert err.startswith("error: narrow: beta is broken on purpose\n")
    assert "`git checkout params.yaml` goes back" in err
    (toy / "break-beta").unlink()
    code, out, err = huelab_experiment("narrow")
    assert (code, err) == (0, "")
    assert ran(toy) == ["gray", "beta", "beta"]
    assert "Kept as the experiment narrow." in out


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_lets_the_training_save_and_leaves_nothing_running(toy: Path, number: signal.Signals) -> None:
    (toy / "sleep-beta").touch()
    process = started("narrow")
    until((toy / "asleep").exists)
    process.send_signal(number)
    code, out, err = finish(process)
    assert code == 130
    assert "`huelab experiment narrow` goes on from here, `git checkout params.yaml` goes back" in out
    assert "Traceback" not in err
    assert (toy / "saved").exists(), "an interrupt, not a kill"
    assert not [line for line in Path("/proc").glob("[0-9]*") if works_in(line, toy)]
    (toy / "sleep-beta").unlink()
    code, out, err = huelab_experiment("narrow")
    assert (code, err) == (0, "")
    assert ran(toy) == ["gray", "beta", "beta"]


def works_in(process: Path, folder: Path) -> bool:
    try:
        alive = "\nState:\tZ" not in (process / "status").read_text()
        return alive and int(process.name) != os.getpid() and (process / "cwd").resolve() == folder.resolve()
    except OSError:  # ended meanwhile
        return False


# What ships, on the real stages


@pytest.fixture
def _torch_as_before() -> Iterator[None]:
    """Training makes torch deterministic and sets its threads, for the whole process."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


def photographs(folder: Path, by: str) -> None:
    """Small scenes in two class folders; below train and test where the folders are to split them."""
    if by == "folder":
        generated_photographs.write(folder / "train", 24)
        generated_photographs.write(folder / "test", 6, first_seed=100)
    else:
        generated_photographs.write(folder, 30 if by == "photo" else 4)


OWN_CLASSIFIER = {
    "koala-paper": {"colorizers.koala.backbone": "self", "pretrain.steps": 2},
    "losses-perceptual": {"colorizers.unet-perceptual.perceptual.backbone": "self", "pretrain.steps": 2},
}
"""Published: weights that must be downloaded. A classifier of the folder names stands in, as the files' first lines tell."""


@pytest.mark.slow
@pytest.mark.usefixtures("_torch_as_before")
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_experiment_runs_two_steps(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From photographs to the leaderboard, each stage in turn, with networks as narrow and pictures as small as they may be."""
    from pipelines import augment, backbones, compare, evaluate, inspect, pretrain, standardize, train

    tree = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    laid = overlay.lay(files.open_file(ROOT / "experiments" / f"{name}.yaml").overlay, tree)
    small: dict[str, Any] = {
        "budget.steps": 2,
        "budget.epochs": 0,
        "budget.seconds": 0,
        "train.threads": 1,
        "standardize.workers": 1,
        "evaluate.pictures": 2,
    }
    small |= {"standardize.size": 256 if name == "pix2pix-paper" else 32, "standardize.gallery": 2, "compare.draws": 100}
    small |= {"split.region_side": 96, "split.val": 0.2, "split.test": 0.2, "standardize.gallery_side": 64, "pretrain.width": 0.25}
    if laid["pretrain"]["steps"]:
        small["pretrain.steps"] = 2
    for entry in set(laid["models"]) - {"gray", "mean", "shuffled"}:
        small[f"colorizers.{entry}.width"] = 0.05
        if entry != "alpha":
            small[f"colorizers.{entry}.batch"] = 2
    small |= OWN_CLASSIFIER.get(name, {})
    laid = overlay.assign(laid, [f"{key}={value}" for key, value in small.items()])
    (project / "params.yaml").write_text(yaml.safe_dump(laid))
    settings = params.load()
    photographs(project / "data", settings.split.by)

    for stage in (inspect.inspect, standardize.main, augment.main, pretrain.main, backbones.main):
        stage()
    for entry in settings.models:
        monkeypatch.setattr(sys, "argv", ["a stage", entry])
        train.main()
        evaluate.main()
    compare.main()
    board = (project / "work" / "reports" / "leaderboard.txt").read_text(encoding="utf-8")
    for entry in settings.models:
        assert entry in board


@pytest.mark.slow
@pytest.mark.long
def test_losses_runs_from_a_fresh_copy_of_the_project(toy: Path) -> None:
    """The command as a newcomer gives it: dvc exp run on the real stages, from an import of photographs to the leaderboard."""
    for name in ("src", "pipelines", "experiments", "registry"):
        shutil.rmtree(toy / name, ignore_errors=True)
        shutil.copytree(ROOT / name, toy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("dvc.yaml", "data.dvc", ".gitignore", ".dvcignore"):
        shutil.copy(ROOT / name, toy / name)
    (toy / "step.py").unlink()
    (toy / "samples").mkdir()
    for photograph in sorted((ROOT / "samples").glob("*.jpg"))[:3]:
        shutil.copy(photograph, toy / "samples")
    git("add", ".")
    git("commit", "--quiet", "--message", "the project")
    small = [
        "budget.steps=2",
        "standardize.size=32",
        "split.region_side=128",
        "evaluate.pictures=1",
        "models=[gray, unet-l1]",
        "evaluate.metrics=[ciede2000, mse_ab128]",
    ]
    code, out, err = huelab_experiment("losses", *(word for change in small for word in ("--set", change)))
    assert code == 0, err
    for entry in ("gray", "unet-l1"):
        assert entry in (toy / "work" / "reports" / "leaderboard.txt").read_text(encoding="utf-8")
    assert "Kept as the experiment losses." in out
    assert "2 colorizers mirrored" in out
    for name in git("status", "--porcelain", "--untracked-files=all").splitlines():
        assert name.split()[-1] in ("params.yaml", "dvc.lock", "data.dvc", "registry/promotions.jsonl"), "only what belongs under git"
