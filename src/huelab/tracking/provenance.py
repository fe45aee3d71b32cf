"""Which code, pipeline state and named experiment the results stand for."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import shutil
import subprocess

from huelab import paths

NO_EXPERIMENT = "params.yaml"
"""Stands for an experiment's name where params.yaml is the user's own."""


def experiment() -> str:
    """The experiment whose parameters stand in params.yaml (`huelab experiment NAME` left them there, `dvc exp apply` brings them back)."""
    try:
        digest = hashlib.sha256(paths.params_file().read_bytes()).hexdigest()[:16]
        note = json.loads(paths.experiment_note(digest).read_text(encoding="utf-8"))
        return str(note["experiment"])
    except (OSError, ValueError, LookupError, TypeError):  # nobody's but the user's, or var/ was cleaned
        return NO_EXPERIMENT


def tags() -> dict[str, str]:
    """Commit, hash of dvc.lock and who mirrors, under the names MLflow's pages know where it has some."""
    found = {"mlflow.source.name": "huelab", "mlflow.source.type": "PROJECT"}
    lock = paths.root() / "dvc.lock"
    if lock.is_file():
        found["dvc.lock.md5"] = hashlib.md5(lock.read_bytes(), usedforsecurity=False).hexdigest()
    commit = _git("rev-parse", "HEAD")
    if commit:
        found["mlflow.source.git.commit"] = commit
        found["git.changed_files"] = str(len((_git("status", "--porcelain", "--untracked-files=no") or "").splitlines()))
    with contextlib.suppress(KeyError, OSError):  # a container's user without a name
        found["mlflow.user"] = getpass.getuser()
    return found


def _git(*arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run([program, *arguments], cwd=paths.root(), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
