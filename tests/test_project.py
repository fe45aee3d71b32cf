"""What a newcomer relies on: the two commands exist, the README's links lead somewhere, the starter photographs are attributed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_every_target_that_documents_name_exists_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        for name in re.findall(r"`make ([a-z-]+)", document.read_text(encoding="utf-8")):
            assert name in targets, f"{document.name} names `make {name}`, which the Makefile does not have"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which does not exist"


def test_every_command_that_documents_name_exists() -> None:
    """A command in a document that answers 'No such command' costs the reader's trust in the rest."""
    known: dict[tuple[str, ...], bool] = {}
    for document in DOCUMENTS:
        for line in re.findall(r"(?<!from )huelab ((?:data |track |flow |survey )?[a-z][a-z-]+)", "\n".join(code_of(document))):
            command = tuple(line.split())
            if command not in known:
                done = subprocess.run([sys.executable, "-m", "huelab.cli", *command, "--help"], cwd=ROOT, capture_output=True, text=True)
                known[command] = done.returncode == 0
            assert known[command], f"{document.name} names `huelab {line}`, which does not exist"


def code_of(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    return re.findall(r"```.*?```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)


def test_starter_photographs_are_small_attributed_and_free_of_metadata() -> None:
    """They travel with every clone, under licences that ask for the author's name."""
    attribution = (ROOT / "samples" / "ATTRIBUTION.md").read_text(encoding="utf-8")
    photographs = sorted((ROOT / "samples").glob("*.jpg"))
    assert len(photographs) >= 6
    assert sum(file.stat().st_size for file in photographs) <= 2_000_000
    for file in photographs:
        assert f"`{file.name}`" in attribution
        with Image.open(file) as picture:
            assert max(picture.size) <= 640
            assert picture.format == "JPEG"
            assert not picture.getexif()


def test_constraints_hold_what_pyproject_asks_for() -> None:
    """A dependency without an exact version would give the next machine something else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0].strip().split("[")[0]).lower() for line in constraints()}
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert name is not None
        assert re.sub(r"[-_.]+", "-", name.group()).lower() in pinned, f"{requirement} has no line in constraints.txt"


def constraints() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "==" in line and not line.startswith("#")]


def test_the_pins_that_keep_prefect_alive_are_in_force() -> None:
    """Without them every flow dies after twenty seconds, and pip check says all is well."""
    pins = dict(line.split(";")[0].strip().split("==") for line in constraints())
    assert tuple(map(int, pins["fastapi"].split(".")[:2])) < (0, 151)
    assert tuple(map(int, pins["sqlalchemy"].split(".")[:2])) < (2, 1)
    assert pins["albumentations"] == "2.0.8"
