"""A power cut or a killed server may cost time, never an answer that was acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import survey


@pytest.mark.slow
@pytest.mark.long
def test_a_server_killed_under_people_who_answer_loses_none_of_what_it_acknowledged(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUELAB_ROOT", str(tmp_path))
    monkeypatch.setenv("HUELAB_SURVEY_URL", url)
    server = survey.Server.of(tmp_path, cap=8)
    server.start()
    try:
        outcome = asyncio.run(survey.kill(server, 3, people=8))
    finally:
        server.kill()
    assert outcome.acknowledged >= 8
    assert (outcome.lost, outcome.check) == (0, "ok")
