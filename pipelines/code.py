"""Stage code: which code each other stage runs, in work/code, one file of hashes per stage and model. Run: python -m pipelines.code

DVC does not follow imports. Listing them by hand goes stale, and listing whole folders trains for hours after an edit that changes nothing;
so this stage runs after any edit (it takes a moment), and a stage runs again only when its own file here has changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from huelab import models, params, paths
from pipelines import stage
from pipelines.imports import ROOT, closure

ALONE = ("inspect", "standardize", "augment", "pretrain", "backbones", "compare", "stimuli")
PER_MODEL = ("train", "evaluate")
OBJECTIVES = ROOT / "src" / "huelab" / "objectives"
METRICS = ROOT / "src" / "huelab" / "metrics"


def main() -> None:
    """Writes work/code/STAGE.txt and work/code/STAGE-MODEL.txt: hash and name of every file that the stage imports, directly or not."""
    settings = params.load()
    folder = paths.code()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ALONE:
        (folder / f"{name}.txt").write_text(listing(imported(name)), encoding="utf-8")
    for name in PER_MODEL:
        for model in settings.models:
            files = imported(name, model, models.family(model, settings.colorizer(model)))
            (folder / f"{name}-{model}.txt").write_text(listing(files), encoding="utf-8")
    print(f"code: {len(ALONE) + len(PER_MODEL) * len(settings.models)} lists of what stages import")


def imported(name: str, model: str = "", family: str = "floor") -> set[Path]:
    """The files that `pipelines/NAME.py` imports. Some are imported by name: one model, the family of its loss, and every metric."""
    entries = [ROOT / "pipelines" / f"{name}.py"]
    if model:
        entries.append(ROOT / "src" / "huelab" / "models" / f"{models.base(model)}.py")
        if name == "train" and family != "floor":
            entries.append(OBJECTIVES / f"{family}.py")
    found = closure(*entries)
    if METRICS / "definition.py" in found:
        found |= closure(*METRICS.glob("*.py"))
    return found


def listing(files: set[Path]) -> str:
    """One line per file: SHA-256 and place."""
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(ROOT)}\n" for file in sorted(files))


if __name__ == "__main__":
    stage.main(main)
