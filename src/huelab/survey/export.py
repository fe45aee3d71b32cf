"""A version as files one can publish: votes (CSV, Parquet), codebook, study, consent, pictures' provenance, results, checksums."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from huelab.data.replacing import replacing
from huelab.errors import SurveyError
from huelab.survey import audit, codebook, publishing, tokens
from huelab.survey.consent import Consent, in_all_languages
from huelab.survey.frozen import study_of
from huelab.survey.longform import COLUMNS, of_version
from huelab.survey.owners import find
from huelab.survey.schema import Export, Participant, Stimulus, Version
from huelab.survey.statistics.results import tree
from huelab.survey.store import Store

CHECKSUMS = "SHA256SUMS"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run; an apostrophe goes before it."""
_PICTURE = ("photo_id", "kind", "model", "role", "sha256", "width", "height", "bytes", "lightness_error")
_ORIGIN = {"path": "path", "weights_sha256": "content"} | {
    key: key for key in ("mlflow_run", "registry_version", "renderer", "data_hash", "data_revision", "git_commit")
}
"""Column of pictures.csv -> key of a picture's provenance."""


def write(store: Store, version_id: str, folder: Path, *, who: str) -> int:
    """Fills `folder`, a new one or one of an earlier export, and gives the number of votes' rows.

    Raises SurveyError for no such version, and for a folder that holds anything else; DataError for a full disk.
    """
    _require_own(folder)
    table = of_version(store, version_id)
    with store.read() as session:
        version = find(session, version_id)
        study = study_of(version)
        people = list(session.scalars(select(Participant).where(Participant.version_id == version_id, ~Participant.preview)))
        pictures = list(session.scalars(select(Stimulus).where(Stimulus.version_id == version_id)))
        chain = audit.state(session)
    found = tree(publishing.computed(store, version_id, table))
    consent: dict[str, Consent] = version.consent or in_all_languages(study)
    with replacing(folder) as new:
        table.to_parquet(new / "votes.parquet", index=False)
        _csv(new / "votes.csv", list(COLUMNS), ([_cell(value) for value in row] for row in table.itertuples(index=False)))
        _csv(new / "codebook.csv", codebook.Column._fields, codebook.columns())
        keys = [question.key for question in study.questions]
        _csv(
            new / "participants.csv",
            ["participant", "state", "cell", "language", "screening", "client", *keys],
            (
                [
                    one.id,
                    one.state,
                    one.cell,
                    one.language,
                    one.screening.get("class", ""),
                    _json(one.client),
                    *(one.questions.get(key, "") for key in keys),
                ]
                for one in people
            ),
        )
        _csv(
            new / "pictures.csv",
            [*_PICTURE, *_ORIGIN],
            ([*(getattr(one, name) for name in _PICTURE), *(one.provenance.get(key, "") for key in _ORIGIN.values())] for one in pictures),
        )
        _csv(new / "exclusions.csv", ["participant", "rule", "found"], _exclusions(found))
        (new / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for language, read in consent.items():  # the very bytes that were hashed
            (new / f"consent-{language}.txt").write_text(read["text"], encoding="utf-8", newline="")
        facts = _facts(version) | {"study": study.model_dump(mode="json"), "consent": consent, "audit": chain.tree()}
        (new / "study.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sums = _sums(new)
        (new / CHECKSUMS).write_text(sums, encoding="utf-8")
    digest = hashlib.sha256(sums.encode()).hexdigest()
    with store.write() as session:
        now = dt.datetime.now(dt.UTC)
        session.add(Export(id=tokens.new_id(), version_id=version_id, at=now, by=who, sha256=digest, rows=len(table)))
        audit.append(session, who=who, what="export", subject=version_id, after={"sha256": digest, "rows": len(table)})
    return len(table)


def read(folder: Path) -> pd.DataFrame:
    """The votes of an export, as `longform.of_version` gave them. Raises SurveyError for a file that is missing or was changed."""
    try:
        expected = (folder / CHECKSUMS).read_text(encoding="utf-8")
    except OSError:
        raise SurveyError(f"{folder} is no export of a survey: it has no {CHECKSUMS}.") from None
    found = _sums(folder)
    if found != expected:
        changed = sorted({line.split("  ")[1] for line in set(found.splitlines()) ^ set(expected.splitlines())})
        raise SurveyError(f"{folder}: {', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not as exported: export it again.")
    return pd.read_parquet(folder / "votes.parquet").astype(COLUMNS)


def _facts(version: Version) -> dict[str, Any]:
    return {
        "survey": version.survey_id,
        "version": version.id,
        "number": version.number,
        "sha256": version.sha256,
        "state": version.state,
        "simulated": version.simulated,
        "lineage": version.lineage,
        "results_opened": version.results_opened,
    }


def _require_own(folder: Path) -> None:
    """What is not of an earlier export would be lost with it."""
    if not folder.exists():
        return
    listed = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines() if (folder / CHECKSUMS).is_file() else []
    own = {CHECKSUMS, *(line.partition("  ")[2] for line in listed)}
    others = sorted(file.name for file in folder.iterdir() if file.name not in own) if folder.is_dir() else [folder.name]
    if others:
        raise SurveyError(f"{folder} holds {', '.join(others[:3])}{', …' if len(others) > 3 else ''}, no export: name a new folder.")


def _sums(folder: Path) -> str:
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != CHECKSUMS)
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)


def _exclusions(found: dict[str, Any]) -> list[list[str]]:
    return [[one["participant"], rule, words] for one in found["excluded"] for rule, words in one["rules"].items()]


def _csv(file: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row])


def _cell(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
