"""Where a version's pictures come from: manifest, git commit, DVC's hash of the photographs, and MLflow's run and version of each model."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huelab import paths
from huelab.data import tracked as photographs
from huelab.errors import DataError
from huelab.survey.manifest import Manifest, Rendered


@dataclass(frozen=True)
class Tracked:
    """Where a colorizer stands in MLflow; "" where it was not mirrored."""

    run: str = ""
    version: str = ""
    """Number in the registry."""


def of_version(found: Manifest, tracked: Mapping[str, Tracked]) -> dict[str, Any]:
    """What a version keeps of the whole. `tracked`: SHA-256 of weights -> where MLflow has them."""
    tree = found.lineage() | {"git_commit": git_commit(), "data_revision": data_revision()}
    tree["models"] = {name: {**facts, **_in_mlflow(facts["content"], tracked)} for name, facts in tree["models"].items()}
    return tree


def of_picture(picture: Rendered, whole: Mapping[str, Any]) -> dict[str, str]:
    """What a version keeps with each picture; `whole` is `of_version`."""
    model = whole["models"][picture.model] if picture.kind == "model" else {}
    told = {"path": picture.path, "label": picture.label}
    told |= {key: str(whole[key]) for key in ("renderer", "data_hash", "data_revision", "git_commit")}
    return told | {key: str(model.get(key, "")) for key in ("content", "mlflow_run", "registry_version")}


def _in_mlflow(weights: str, tracked: Mapping[str, Tracked]) -> dict[str, str]:
    found = tracked.get(weights, Tracked()) if weights else Tracked()
    return {"mlflow_run": found.run, "registry_version": found.version}


def git_commit() -> str:
    """The project's commit, with -dirty behind it where tracked files differ from it; "" outside git."""
    program = shutil.which("git")
    if program is None:
        return ""
    command = [program, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def data_revision() -> str:
    """DVC's hash of the photographs, which with the commit finds them again; "" where data.dvc says none."""
    try:
        known = photographs.record()
    except DataError:
        return ""
    return known.content if known is not None else ""
