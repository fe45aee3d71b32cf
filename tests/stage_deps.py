"""What each stage's code imports, as dvc.yaml must list it: python -m tests.stage_deps --write rewrites those lists."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.imports import ROOT, closure

FILE = ROOT / "dvc.yaml"
MODEL_FILE = "src/huelab/models/${item.model}.py"


def code(stage: str, *, matrix: bool) -> list[str]:
    """The files of ours that `pipelines/STAGE.py` imports, directly or not, sorted; a matrix stage imports its model's file by name."""
    found = closure(ROOT / "pipelines" / f"{stage}.py", *([ROOT / "src/huelab/models/layers.py"] if matrix else []))
    names = {str(file.relative_to(ROOT)) for file in found if file.read_text(encoding="utf-8").strip()}
    if "src/huelab/metrics/definition.py" in names:  # metrics are imported by name: all of them may run
        names = {name for name in names if not name.startswith("src/huelab/metrics/")} | {"src/huelab/metrics"}
    return sorted(names | ({MODEL_FILE} if matrix else set()))


def rewrite(text: str) -> str:
    """dvc.yaml with the code among each stage's deps brought up to date; what lies in data/ and work/ stays as written."""

    def block(match: re.Match[str]) -> str:
        kept = [line for line in match["deps"].splitlines() if line.strip().startswith(("- data", "- work/"))]
        lines = kept + [f"      - {name}" for name in code(match["stage"], matrix="matrix:" in match["head"])]
        return f"{match['head']}    deps:\n" + "\n".join(lines) + "\n"

    return re.sub(
        r"(?P<head>^  (?P<stage>[a-z]+):\n(?:    (?!deps:).*\n|      .*\n)*)    deps:\n(?P<deps>(?:      - .*\n)+)",
        block,
        text,
        flags=re.MULTILINE,
    )


def main(arguments: list[str]) -> int:
    text = FILE.read_text(encoding="utf-8")
    new = rewrite(text)
    if "--write" in arguments:
        Path(FILE).write_text(new, encoding="utf-8")
    print("in step" if new == text else "rewritten" if "--write" in arguments else "out of step: python -m tests.stage_deps --write")
    return 0 if new == text or "--write" in arguments else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
