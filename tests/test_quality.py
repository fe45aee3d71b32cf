"""Stage inspect's verdict: without it a bad set of photographs would train for hours before anyone looked at it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from huelab import params, paths
from huelab.data import table
from huelab.errors import DataError
from huelab.quality import inspection, suite
from tests.conftest import ROOT
from tests.generated_photographs import photograph

RULES = params.Inspect()


def album(folder: Path, count: int, *, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.fromarray(photograph(number)).save(folder / f"{number:03}.png")
    return folder


def examined(
    data: Path, rules: params.Inspect = RULES, split: params.SplitParams = params.SplitParams(by="region")
) -> inspection.Inspection:
    return inspection.examine(table.inspect(data, rules, split, cache=paths.cache()), data, rules, split)


def outcomes(found: pd.DataFrame, split: params.SplitParams) -> dict[str, suite.Outcome]:
    return {outcome.name: outcome for outcome in suite.run(found, RULES, split)}


def used_table(count: int, **columns: object) -> pd.DataFrame:
    """A photograph table of `count` good rows, with some columns replaced."""
    rows = pd.DataFrame(
        {
            "path": [f"cat/{n}.jpg" for n in range(count)],
            "file": [b"x"] * count,
            "photo_id": [f"{n:016x}" for n in range(count)],
            "width": 100,
            "height": 80,
            "label": "cat",
            "chroma_p95": 30.0,
            "l_mean": 50.0,
            "l_std": 20.0,
            "is_gray": False,
            "group": [f"{n:016x}" for n in range(count)],
            "split": ["test" if n % 5 == 0 else "train" for n in range(count)],
            "reject_reason": "",
        }
    ).assign(**columns)
    rows.attrs = {"files": count, "ignored": []}
    return rows


class _Outside(HTMLParser):
    """Collects every address a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "action") and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_good_photographs_pass_and_leave_their_files(project: Path, samples: Path) -> None:
    found = examined(samples)
    assert found.stop == ""
    assert all(entry["passed"] for entry in found.expectations)
    assert "not met" not in found.summary()
    told = json.loads(paths.inspection_json().read_text())
    assert told["files"] == told["used"] + told["rejected"] == len(table.read(paths.photo_table()))
    assert told["splits"] == {"region": told["used"]}


def test_files_are_the_same_bytes_each_time(project: Path, samples: Path) -> None:
    """A stage whose outputs change by themselves makes every later stage run again."""
    examined(samples)
    before = {file.name: file.read_bytes() for file in paths.photos().iterdir()}
    examined(samples)
    assert {file.name: file.read_bytes() for file in paths.photos().iterdir()} == before
    assert set(before) == {"table.parquet", "rejects.csv", "inspection.json", "inspection.html"}
    assert not any(str(project).encode() in content for content in before.values())


def test_the_page_loads_nothing_from_elsewhere_and_shows_strange_names_as_text(project: Path, tmp_path: Path) -> None:
    data = album(tmp_path / "photographs", 3)
    (data / "<script>alert(1)<").mkdir()
    Image.fromarray(photograph(9)).save(data / "<script>alert(1)<" / "x.png")
    (data / os.fsdecode(b"bad\xff<b>.jpg")).write_text("no picture")
    examined(data)
    html = paths.inspection_html().read_text(encoding="utf-8")
    parser = _Outside()
    parser.feed(html)
    assert parser.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in parser.addresses)
    assert "<script" not in html
    assert not re.search(r"url\(|@import|https?://", html)
    text = " ".join(parser.words)
    assert "<script>alert(1)<" in text
    assert "bad\\xff<b>.jpg" in text


def test_rejects_csv_names_every_reject_and_runs_no_formula(project: Path, tmp_path: Path) -> None:
    data = album(tmp_path / "photographs", 4)
    names = ['=HYPERLINK("http:x","y").jpg', "+1.jpg", "-1.jpg", "@x.jpg"]
    for name in names:
        (data / name.replace("/", "")).write_text("no picture")
    examined(data)
    with paths.rejects().open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["path"] for row in rows) == sorted(f"'{name}" for name in names)
    assert {row["reason"] for row in rows} == {"not_an_image"}


def test_a_bad_set_stops_after_its_report_is_written(project: Path, tmp_path: Path) -> None:
    data = album(tmp_path / "photographs", 2)
    for number in range(4):
        Image.fromarray(photograph(number)).convert("L").save(data / f"gray{number}.png")
    (data / "notes.txt").write_text("notes")
    with pytest.raises(DataError) as stopped:
        examined(data)
    message = str(stopped.value)
    assert "5 of 7 files (71 %) are rejected, more than inspect.max_rejected = 0.5" in message
    assert "4 gray (gray0.png, gray1.png, gray2.png, gray3.png); 1 not_an_image (notes.txt)" in message
    assert "The pipeline stops here" in paths.inspection_html().read_text()
    assert json.loads(paths.inspection_json().read_text())["stop"]
    assert len(table.read(paths.photo_table())) == 7
    examined(data, RULES.model_copy(update={"max_rejected": 0.8}))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda data: data.mkdir(), "there is no file"),
        (lambda data: (data.mkdir(), (data / "a.jpg").touch()), r"none of 1 files is a photograph to work with: 1 empty \(a.jpg\)"),
        (lambda data: album(data, 1), r"no photograph falls into (train|test|train and test) \(of 1; .*split.by: region"),
    ],
)
def test_sets_that_cannot_train_say_what_to_change(project: Path, tmp_path: Path, make: object, why: str) -> None:
    make(tmp_path / "photographs")  # type: ignore[operator]
    with pytest.raises(DataError, match=why):
        examined(tmp_path / "photographs", split=params.SplitParams(by="photo"))
    assert paths.inspection_html().is_file()


def test_one_photograph_is_enough_for_regions(project: Path, tmp_path: Path) -> None:
    assert examined(album(tmp_path / "photographs", 1)).used == 1


def test_a_set_of_good_rows_meets_every_expectation() -> None:
    assert all(outcome.passed for outcome in outcomes(used_table(20), params.SplitParams(by="photo")).values())


@pytest.mark.parametrize(
    ("broken", "changes"),
    [
        ("decodes", {"photo_id": ["", *(f"{n:016x}" for n in range(1, 20))]}),
        ("colour", {"chroma_p95": [0.5, *[30.0] * 19]}),
        ("large enough", {"height": [31, *[80] * 19]}),
        ("aspect", {"width": [321, *[100] * 19]}),
        ("no duplicates", {"photo_id": [f"{n // 2:016x}" for n in range(20)]}),
        ("near-duplicates stay together", {"group": ["a", "a", *(f"{n:016x}" for n in range(2, 20))]}),
        ("something to test on", {"split": "train"}),
        ("something to train on", {"split": "test"}),
        ("few rejects", {"reject_reason": ["gray"] * 11 + [""] * 9}),
        ("every reason is known", {"reject_reason": ["because", *[""] * 19]}),
        ("files are photographs", {"reject_reason": ["truncated"] * 3 + [""] * 17}),
        ("photographs have colour", {"is_gray": [True] * 3 + [False] * 17}),
        ("balanced brightness", {"l_mean": [5.0] * 3 + [50.0] * 17}),
        ("some contrast", {"l_std": [1.0] * 3 + [20.0] * 17}),
        ("balanced splits", {"label": ["dog" if n % 5 == 0 else "cat" for n in range(20)]}),
        ("paths are unique", {"path": ["same.jpg", "same.jpg", *(f"{n}.jpg" for n in range(18))]}),
    ],
)
def test_each_expectation_can_fail(broken: str, changes: dict[str, object]) -> None:
    """An expectation that never fails protects nobody."""
    found = outcomes(used_table(20, **changes), params.SplitParams(by="photo"))
    assert not found[broken].passed
    others = {name for name, outcome in found.items() if not outcome.passed} - {broken}
    assert others <= {"something to train on", "balanced splits"}


def test_a_lost_row_is_noticed() -> None:
    rows = used_table(20)
    rows.attrs["files"] = 21
    assert not outcomes(rows, params.SplitParams(by="photo"))["nothing lost"].passed


def test_rare_labels_are_a_warning() -> None:
    labels = [*(f"rare{n}" for n in range(30)), *["cat"] * 1000]
    found = outcomes(used_table(1030, label=labels), params.SplitParams(by="photo"))["balanced labels"]
    assert not found.passed
    assert found.severity == "should"


def test_soft_expectations_bear_a_few_and_say_which() -> None:
    found = outcomes(used_table(20, is_gray=[True, *[False] * 19]), params.SplitParams(by="photo"))["photographs have colour"]
    assert found.passed
    assert found.unexpected == 1
    assert found.examples == ("cat/0.jpg",)


def test_the_stage_runs_as_dvc_runs_it(project: Path, tmp_path: Path) -> None:
    album(project / "data" / "cat", 3)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "pipelines.inspect"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 files: 3 photographs used, 0 rejected; 18 of 18 expectations met")
    for file in (project / "data" / "cat").iterdir():
        file.write_text("no picture any more")
    done = subprocess.run([sys.executable, "-m", "pipelines.inspect"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("error: data/: none of 3 files is a photograph to work with: 3 not_an_image")
    assert "Traceback" not in done.stderr
