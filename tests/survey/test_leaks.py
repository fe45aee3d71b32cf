"""What reaches the browser before an answer must not tell real from fake to a program that reads everything but the pixels."""

from __future__ import annotations

import hashlib
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from huelab.color import lab
from huelab.stimuli import catches, renderer
from huelab.survey import owners, people, web
from huelab.survey.schema import Stimulus, Trial
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.generated_photographs import photograph
from tests.survey.conftest import CONSENT

PEOPLE = 9


def realistic(folder: Path, count: int) -> Path:
    """Pictures as stage stimuli renders them: detailed real colours, and smoother, duller guesses, so that their files differ."""
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for number in range(count):
        rgb = np.asarray(Image.fromarray(photograph(number)).resize((64, 64)))
        noisy = np.clip(rgb + np.random.default_rng(number).normal(0, 12, rgb.shape), 0, 255).astype(np.uint8)
        planes = lab.rgb_to_lab(noisy)
        real = planes[..., 1:]
        dull = np.asarray(real.mean(axis=(0, 1), keepdims=True) * 0.5 + 0.1 * real, np.float32)
        for kind, model, ab in (("real", "", real), ("catch", "", catches.colours(real, "hue", seed=number)), ("model", "beta", dull)):
            picture = renderer.render(planes[..., 0], ab)
            sha256 = hashlib.sha256(picture.png).hexdigest()
            (folder / "pictures" / f"{sha256}.png").write_bytes(picture.png)
            facts: dict[str, Any] = {
                "photo_id": f"p{number:03d}",
                "path": "x.jpg",
                "label": "",
                "kind": kind,
                "model": model,
                "sha256": sha256,
            }
            facts |= {"role": "practice" if number < 6 else "main", "file": f"pictures/{sha256}.png", "width": 64, "height": 64}
            rows.append({**facts, "bytes": len(picture.png), "lightness_error": picture.lightness_error})
    whole = {"renderer": "test", "data_hash": "0", "split_by": "photo", "protocol": "p", "side": 64, "real_roundtrip": True, "catch": "hue"}
    (folder / "manifest.json").write_text(json.dumps({**whole, "models": {"beta": {"title": "b", "content": ""}}, "pictures": rows}))
    return folder


@pytest.mark.slow
def test_a_classifier_on_everything_but_pixels_stays_within_chance(project: Path, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'survey.db'}")
    folder = realistic(tmp_path / "stimuli", 40)
    study = Study(title="t", models=("beta",), trials=24, catches=0, screening=False, people=PEOPLE)
    version = owners.create(store, study, folder, who="owner")
    owners.launch(store, version, folder, who="owner", consent="I agree.")
    for _ in range(PEOPLE):
        token = people.join(store, owners.invite(store, version, who="owner")[0])
        people.consent(store, token, CONSENT)
    with store.read() as session:
        kinds = dict(session.execute(select(Stimulus.id, Stimulus.kind)).all())
        pairs = [
            ((trial.left_nonce, kinds[trial.left_id] != "real"), (trial.right_nonce, kinds[trial.right_id] != "real"))
            for trial in session.scalars(select(Trial).where(Trial.role == "main").order_by(Trial.participant_id, Trial.k))
        ]
    assert len(pairs) >= 200
    browser = TestClient(Starlette(routes=[web.mount(lambda: store)]))
    for name, _ in pairs[0]:
        browser.get(f"/survey/api/picture/{name}")
    features, fake = [], []
    for left, right in pairs:
        for place, (name, is_fake) in enumerate((left, right)):
            features.append([*seen(browser, str(name)), place])
            fake.append(is_fake)
    forest = RandomForestClassifier(200, random_state=0)
    accuracy = cross_val_score(forest, np.array(features), np.array(fake), cv=10).mean()
    assert abs(accuracy - 0.5) < 0.1, f"{accuracy:.2f} of {len(fake)} pictures told apart"
    sizes = [[len((folder / "pictures" / f"{sha}.png").read_bytes())] for sha, _ in rendered_files(store)]
    told = cross_val_score(forest, np.array(sizes), np.array([kind != "real" for _, kind in rendered_files(store)]), cv=10).mean()
    assert told > 0.7, "the files themselves do differ: it is the padding that hides it"
    store.close()


def seen(browser: TestClient, name: str) -> list[float]:
    """URL, headers, length, time, format, and what the coded stream tells without decoding it."""
    began = time.perf_counter()
    reply = browser.get(f"/survey/api/picture/{name}")
    took = time.perf_counter() - began
    headers = sorted((key, value) for key, value in reply.headers.items() if key != "date")
    with Image.open(io.BytesIO(reply.content)) as picture:
        told = [picture.width, picture.height, len(picture.info), len(picture.mode), len(picture.getbands())]
    digest = int.from_bytes(hashlib.sha256(repr(headers).encode()).digest()[:4])
    return [len(reply.content), took, digest, *told, sum(name.encode()) / len(name), reply.status_code]


def rendered_files(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        return [(row.sha256, row.kind) for row in session.scalars(select(Stimulus).where(Stimulus.kind != "catch"))]
