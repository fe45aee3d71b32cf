"""Where every artefact lies, relative to the project's root. Nobody else spells a path under data/, work/ or var/."""

from __future__ import annotations

import os
from pathlib import Path

from huelab.errors import UsageError


def root() -> Path:
    """The project's root: $HUELAB_ROOT, else the nearest folder upwards from here that holds params.yaml and dvc.yaml."""
    given = os.environ.get("HUELAB_ROOT")
    if given:
        return Path(given).resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "params.yaml").is_file() and (folder / "dvc.yaml").is_file():
            return folder
    raise UsageError(f"{here} is not inside a huelab project (no params.yaml with a dvc.yaml here or above): change into one.")


def params_file() -> Path:
    """What runs and how."""
    return root() / "params.yaml"


def experiments() -> Path:
    """Named sets of parameters, NAME.yaml each."""
    return root() / "experiments"


def data() -> Path:
    """The photographs, owned by data.dvc."""
    return root() / "data"


def data_record() -> Path:
    """What DVC knows of the photographs: where they came from, and the hash of what arrived."""
    return root() / "data.dvc"


def samples() -> Path:
    """The starter photographs that ship with the project."""
    return root() / "samples"


# work/: outputs of DVC stages, deleted and rebuilt by `dvc repro`


def code() -> Path:
    """Stage code: hashes of the code that each other stage runs."""
    return root() / "work" / "code"


def photos() -> Path:
    """Stage inspect: the photograph table and what was found about it."""
    return root() / "work" / "photos"


def photo_table() -> Path:
    """One row per file under data/ (parquet)."""
    return photos() / "table.parquet"


def rejects() -> Path:
    """The photographs that take no part, with the reason (csv)."""
    return photos() / "rejects.csv"


def inspection_json() -> Path:
    """What Great Expectations found, for programs."""
    return photos() / "inspection.json"


def inspection_html() -> Path:
    """What Great Expectations found, for people; works offline."""
    return photos() / "inspection.html"


def store() -> Path:
    """Stage standardize: uint8 shards, their table, the gallery and the colour prior."""
    return root() / "work" / "store"


def gallery() -> Path:
    """Whole photographs (PNG) that illustrate; never scored beside the test split."""
    return store() / "gallery"


def augmentation() -> Path:
    """Stage augment: the policy, its contact sheet and materialised copies."""
    return root() / "work" / "augment"


def augmentation_policy() -> Path:
    """What happens to a training picture before it is shown to a network (json)."""
    return augmentation() / "policy.json"


def pretrain() -> Path:
    """Stage pretrain: the classifier of the photographs' folder names, weights.safetensors, card.json, history.csv."""
    return root() / "work" / "pretrain"


def backbones() -> Path:
    """Stage backbones: per entry of `models:`, which classifier it looks through and the hash of its weights."""
    return root() / "work" / "backbones"


def model(name: str, seed: int | None = None) -> Path:
    """Stage train@name: weights.safetensors, card.json, history.csv of the first seed; those of a further `seed` in seeds/SEED."""
    folder = root() / "work" / "models" / name
    return folder if seed is None else folder / "seeds" / str(seed)


def scores(name: str) -> Path:
    """Stage evaluate@name: scores.parquet, summary.json, pictures/."""
    return root() / "work" / "scores" / name


def stimuli() -> Path:
    """Stage stimuli: manifest.json and pictures/ for a survey."""
    return root() / "work" / "stimuli"


def reports() -> Path:
    """Stage compare: leaderboard.csv, leaderboard.md, report.html, contact_sheet.png, curves.png."""
    return root() / "work" / "reports"


def model_card(name: str) -> Path:
    """Stage compare: what there is to say about a colorizer, for people (markdown)."""
    return reports() / "cards" / f"{name}.md"


# registry/: decisions, which no stage makes again; under git


def promotions() -> Path:
    """Who was made champion when, by whom and why: one JSON object per line."""
    return root() / "registry" / "promotions.jsonl"


def human_results() -> Path:
    """How often people took a colorizer's pictures for real ones, as surveys found."""
    return root() / "registry" / "human.json"


# var/: mutable state that no stage owns; deleting it loses history, never results


def var() -> Path:
    """The folder of mutable state."""
    return root() / "var"


def checkpoints(name: str, seed: int = 0) -> Path:
    """Where training of a model with that seed can be taken up again; gone once the stage is complete."""
    return var() / "checkpoints" / name / f"seed-{seed}"


def timing(name: str, seed: int | None = None) -> Path:
    """How long a model trained, on what machine: facts that differ between runs and so stay outside the stage's outputs."""
    return var() / "timing" / (f"{name}.json" if seed is None else f"{name}-seed-{seed}.json")


def cache() -> Path:
    """Measurements that may be deleted at any time: they are made again."""
    return var() / "cache"


def features(key: str) -> Path:
    """What a backbone says of every picture of a store; `key` names the weights, the data and how they are shown."""
    return cache() / "features" / f"{key}.npy"


def vectors(key: str) -> Path:
    """What metrics compute of photographs alone, for all colorizers; `key` names the metric, its weights and the photographs."""
    return cache() / "vectors" / f"{key}.npy"


def split_record(data_hash: str) -> Path:
    """Which pictures a store of that data hash held, and in which split: what a champion of earlier photographs learned from."""
    return var() / "splits" / f"{data_hash}.parquet"


def rescored(key: str) -> Path:
    """Scores of a champion of earlier photographs on the present test pictures; `key` names it, the pictures and the metrics."""
    return var() / "rescored" / key


def backbone_weights(name: str) -> Path:
    """Where weights of the timm architecture `name` may be put by hand, to be found by `pretrained: auto`."""
    return var() / "weights" / f"{name}.safetensors"


def params_before_experiment() -> Path:
    """params.yaml as it was before the last `huelab experiment`."""
    return var() / "experiment" / "params.yaml"


def experiment_note(digest: str) -> Path:
    """Which experiment left a params.yaml of this hash; `digest` is the first 16 figures of its SHA-256."""
    return params_before_experiment().parent / f"{digest}.json"


def tracking_database() -> Path:
    """MLflow's SQLite database, unless MLFLOW_TRACKING_URI names a server."""
    return var() / "mlflow.db"


def tracking_artifacts() -> Path:
    """MLflow's files beside that database."""
    return var() / "mlartifacts"


def survey_database() -> Path:
    """The survey's SQLite database, unless HUELAB_SURVEY_URL names a server."""
    return var() / "survey" / "survey.db"


def survey_stimuli() -> Path:
    """The pictures of launched studies, SHA256.png: `dvc repro` may replace those in work/."""
    return var() / "survey" / "stimuli"


def survey_salts() -> Path:
    """The salt of the day, with which addresses of participants are hashed; that of another day is deleted."""
    return var() / "survey" / "salts"


def survey_accounts() -> Path:
    """Who may use the survey's pages of the dashboard, as what, and by which (salted and hashed) password."""
    return var() / "survey" / "accounts.json"


def survey_backups() -> Path:
    """Backups that were made from the dashboard; to be copied to another disk."""
    return var() / "survey" / "backups"


def prefect_home() -> Path:
    """Prefect's own database and settings."""
    return var() / "prefect"


def lock(name: str) -> Path:
    """A lock file that says who holds it."""
    return var() / "locks" / f"{name}.lock"


def champion() -> Path:
    """Which registered version is champion, written by tracking so that nothing else needs MLflow to find its weights."""
    return var() / "champion.json"


def champion_copy(version: str) -> Path:
    """A champion's own card.json, weights.safetensors, README.md and scores/: `dvc repro` may replace those in work/.

    `version` names model and content.
    """
    return var() / "champion" / version
