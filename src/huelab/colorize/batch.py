"""Colours files and folders, one after another: a photograph that cannot be coloured is listed and does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2

from huelab.colorize import choose, engine, files, targets
from huelab.data.photo import UnreadablePhoto, printable
from huelab.errors import HuelabError
from huelab.params import Inspect

Say = Callable[[str], None]
Progress = Callable[[int, int, str], None]
"""Called with (files done, files in all, the one now being coloured; "" at the end)."""


@dataclass(frozen=True)
class Coloured:
    """One result."""

    source: Path
    target: Path
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """One photograph that was not coloured, and why."""

    source: Path
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Every file that was given or found, accounted for."""

    model: str
    coloured: tuple[Coloured, ...]
    failed: tuple[Failed, ...]
    passed_over: tuple[Path, ...]
    """Found in a folder, and neither by name nor by content a picture."""

    @property
    def exit_code(self) -> int:
        """0 where every photograph was coloured, else 1."""
        return 1 if self.failed or not self.coloured else 0


def colorize(
    inputs: Sequence[Path],
    output: Path,
    *,
    model: str = choose.CHAMPION,
    size: int | None = None,
    overwrite: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    max_pixels: int | None = None,
    say: Say = lambda line: None,
    progress: Progress = lambda done, total, name: None,
) -> Outcome:
    """Colours photographs with a trained colorizer and writes them below `output` (or to it, for one file and a picture's name).

    `size` is the shorter side that the network sees, by default the one it was trained at. Lines for the user go to `say`. Raises
    UsageError, DataError and ModelError for what concerns the whole call; what concerns one file is in the Outcome.
    """
    plan = targets.plan(inputs, output, overwrite=overwrite)
    colorizer = engine.load(choose.resolve(model), size=size, device=device)
    limit = Inspect().max_pixels if max_pixels is None else max_pixels
    total = len(plan.sources)
    say(f"{colorizer.name} colours {_count(total, 'file')} into {printable(output)}")
    coloured: list[Coloured] = []
    failed: list[Failed] = []
    passed_over: list[Path] = []
    for done, source in enumerate(plan.sources):
        name = printable(source.path)
        progress(done, total, name)
        try:
            result = _one(source, plan, colorizer, limit)
        except UnreadablePhoto as error:
            if error.reason == "not_an_image" and not source.named and not source.looks_like_a_picture:
                passed_over.append(source.path)
                continue
            failed.append(Failed(source.path, str(error)))
        except HuelabError as error:
            failed.append(Failed(source.path, str(error)))
        except (MemoryError, cv2.error) as error:
            failed.append(Failed(source.path, f"{name} does not fit into memory ({type(error).__name__})."))
        else:
            coloured.append(result)
            if result.notes:
                say(f"{name}: {'; '.join(result.notes)}")
    progress(total, total, "")
    for failure in failed:
        say(f"not coloured: {failure.reason}")
    passed = f", {_count(len(passed_over), 'other file')} passed over" if passed_over else ""
    say(f"{_count(len(coloured), 'photograph')} coloured, {len(failed)} not{passed}")
    return Outcome(colorizer.name, tuple(coloured), tuple(failed), tuple(passed_over))


def _one(source: targets.Source, plan: targets.Plan, colorizer: engine.Engine, max_pixels: int) -> Coloured:
    if source.problem:
        raise HuelabError(f"{printable(source.path)}: {source.problem}.")
    original = files.read(source.path, max_pixels=max_pixels)
    target = plan.target(source, files.suffix_for(source.path, original))
    notes = list(original.notes)
    kind = files.WRITABLE[target.suffix.lower()]
    keeps_opacity = kind in files.WITH_OPACITY
    if original.opacity is not None and not keeps_opacity:
        notes.append(f"its transparent parts lie on white, for {kind} knows no opacity")
    light = original.rgb if keeps_opacity else original.over_white
    painted = engine.paint(light, colorizer.chroma(original.over_white))
    files.write(target, painted, original, overwrite=plan.overwrite)
    return Coloured(source.path, target, tuple(notes))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
