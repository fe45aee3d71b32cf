"""What reaches the browser before an answer must not tell real from fake to a program that reads everything but the pixels."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sqlalchemy import select

from dashboards import ui
from huelab.color import lab
from huelab.stimuli import catches, renderer
from huelab.survey import owners, people, texts
from huelab.survey.schema import Participant, Stimulus, Trial
from huelab.survey.store import VARIABLE
from huelab.survey.study import Study
from tests.generated_photographs import photograph
from tests.survey.walked import NEEDED, Make, Site, answer_on, at_answers, by_key, page, to_trials

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Response

PEOPLE = 9
MODELS = ("quokka", "numbat", "bilby")
"""Words that stand nowhere else."""


def realistic(folder: Path, count: int) -> Path:
    """Pictures as stage stimuli renders them: detailed real colours, and smoother, duller guesses, so that their files differ."""
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for number in range(count):
        rgb = np.asarray(Image.fromarray(photograph(number)).resize((64, 64)))
        noisy = np.clip(rgb + np.random.default_rng(number).normal(0, 12, rgb.shape), 0, 255).astype(np.uint8)
        planes = lab.rgb_to_lab(noisy)
        real = planes[..., 1:]
        mean = real.mean(axis=(0, 1), keepdims=True)
        guesses = [
            (name, np.asarray(mean * dull + detail * real, np.float32))
            for name, dull, detail in zip(MODELS, (0.5, 0.8, 0.2), (0.1, 0.3, 0.6), strict=True)
        ]
        shown = [("real", "", real), ("catch", "", catches.colours(real, "hue", seed=number)), *(("model", *guess) for guess in guesses)]
        for kind, model, ab in shown:
            picture = renderer.render(planes[..., 0], ab)
            sha256 = hashlib.sha256(picture.png).hexdigest()
            (folder / "pictures" / f"{sha256}.png").write_bytes(picture.png)
            facts: dict[str, Any] = {
                "photo_id": f"wombat{number:03d}",
                "path": f"burrow{number}.jpg",
                "label": "",
                "kind": kind,
                "model": model,
            }
            facts |= {
                "role": "practice" if number < 6 else "main",
                "file": f"pictures/{sha256}.png",
                "sha256": sha256,
                "width": 64,
                "height": 64,
            }
            rows.append({**facts, "bytes": len(picture.png), "lightness_error": picture.lightness_error})
    whole = {"renderer": "test", "data_hash": "0", "split_by": "photo", "protocol": "p", "side": 64, "real_roundtrip": True, "catch": "hue"}
    models = {name: {"title": name, "content": f"weights-of-{name}"} for name in MODELS}
    (folder / "manifest.json").write_text(json.dumps({**whole, "models": models, "pictures": rows}))
    return folder


class Dashboard(Site):
    """The same study behind the server that `make ui` starts."""

    def start(self) -> None:
        self.process = ui.dashboard(self.port, "")
        ui.wait_until_up(self.process, f"http://127.0.0.1:{self.port}/_stcore/health", "The dashboard")

    def kill(self) -> None:
        assert self.process is not None
        ui.stop([self.process])


HELD = """async () => {
  const stored = [localStorage, sessionStorage].map((kept) => JSON.stringify(Object.entries(kept)));
  const others = [await indexedDB.databases(), await caches.keys(), await navigator.serviceWorker.getRegistrations()];
  const page = [document.documentElement.outerHTML, document.cookie, ...stored, JSON.stringify(history.state)];
  return [...page, ...others.map((kept) => JSON.stringify(kept))];
}"""


@pytest.mark.browser
@pytest.mark.slow
@NEEDED[1]
@pytest.mark.parametrize("server", [Site, Dashboard])
def test_nothing_the_browser_gets_says_which_is_fake(
    project: Path, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch, server: type[Site]
) -> None:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'survey.db'}")
    told = {"title": "Which is real?", "purpose": "To see.", "contact": "lab@example.org"}
    study = Study.model_validate({**told, "models": MODELS, "trials": 6, "catches": 1, "screening": False})
    one = server(tmp_path, study, lambda folder: realistic(folder, 20))
    try:
        opened, wrong = page(browser)
        replies: list[Response] = []
        sockets: list[str] = []
        opened.on("response", lambda reply: replies.append(reply))
        opened.on("websocket", lambda socket: sockets.append(socket.url))
        to_trials(opened, one.link(), screening=False)
        assert answer_on(opened, by_key, most=8) == 8
        at_answers(opened)
        assert opened.inner_text(".count") == "3 of 7", "a main trial, two of them answered"
        opened.wait_for_load_state("networkidle")
        held = opened.evaluate(HELD)
        heard = [heard_of(reply) for reply in replies if reply.url.startswith("http")]
        secrets = secrets_of(one)
        for place in [*held, *heard]:
            for secret in secrets:
                assert secret not in place, f"{secret} in {place[:200]}"
        assert sockets == []
        assert held[1] == "", "no cookie"
        assert held[5:] == ["[]", "[]", "[]"], "no database, cache or worker in the browser"
        told_of = [json.loads(line.partition("\n\n")[2]) for line in heard if "/api/answer" in line.partition("\n")[0]]
        assert [bool(reply["feedback"]) for reply in told_of] == [True] * 6 + [False] * 2, "the truth, after a practice answer alone"
        for reply in told_of:
            assert set(reply["state"]["trial"]) == {"nonce", "left", "right"}
        kinds = {reply.url.rsplit("/", 2)[1] for reply in replies if "/survey/" in reply.url}
        assert kinds >= {"page", "text", "picture", "api"}
        assert wrong == []
    finally:
        one.kill()
        one.store.close()


def heard_of(reply: Response) -> str:
    """Address, status, headers and body."""
    return f"{reply.url}\n{reply.status} {reply.all_headers()}\n\n" + reply.body().decode(
        "latin-1" if "image" in reply.headers.get("content-type", "") else "utf-8"
    )


def secrets_of(one: Site) -> list[str]:
    """Whatever would name a picture's origin, or the row it stands in."""
    with one.store.read() as session:
        pictures = session.scalars(select(Stimulus)).all()
        found = {value for picture in pictures for value in (picture.sha256, picture.photo_id)}
        found |= set(session.scalars(select(Participant.id)))
    files = [f"burrow{number}" for number in range(20)]
    return [*MODELS, *(f"weights-of-{name}" for name in MODELS), *files, *sorted(found), one.version, "fake_side", "photo_id", "right_id"]


@pytest.mark.slow
def test_a_classifier_on_everything_but_pixels_stays_within_chance(site: Make) -> None:
    settings = {"models": MODELS, "trials": 24, "catches": 0, "screening": False, "people": PEOPLE}
    one = site(lambda folder: realistic(folder, 40), **settings)
    consent = hashlib.sha256(texts.consent(one.study)["text"].encode()).hexdigest()
    for _ in range(PEOPLE):
        token = people.join(one.store, owners.invite(one.store, one.version, who="owner")[0])
        people.consent(one.store, token, consent)
    with one.store.read() as session:
        kinds = dict(session.execute(select(Stimulus.id, Stimulus.kind)).all())
        pairs = [
            ((trial.left_nonce, kinds[trial.left_id] != "real"), (trial.right_nonce, kinds[trial.right_id] != "real"))
            for trial in session.scalars(select(Trial).where(Trial.role == "main").order_by(Trial.participant_id, Trial.k))
        ]
    assert len(pairs) >= 200
    features, fake = [], []
    with httpx.Client(base_url=f"http://127.0.0.1:{one.port}/survey/api/picture/", timeout=60) as browser:
        for name, _ in pairs[0]:
            browser.get(str(name))
        for left, right in pairs:
            for place, (name, is_fake) in enumerate((left, right)):
                features.append([*seen(browser, str(name)), place])
                fake.append(is_fake)
    accuracy = told_apart(np.array(features), np.array(fake))
    print(f"\n{accuracy:.1%} of {len(fake)} pictures told apart by what is not their pixels, over HTTP")
    assert abs(accuracy - 0.5) < 0.1
    with one.store.read() as session:
        files = [
            (one.folder / "pictures" / f"{row.sha256}.png", row.kind) for row in session.scalars(select(Stimulus)) if row.kind != "catch"
        ]
    sizes = np.array([[file.stat().st_size] for file, _ in files])
    told = told_apart(sizes, np.array([kind != "real" for _, kind in files]))
    assert told > 0.8, "the files themselves do differ: it is the padding that hides it"


def told_apart(features: np.ndarray, fake: np.ndarray) -> float:
    """Share of right guesses on parts it was not trained on."""
    return float(cross_val_score(RandomForestClassifier(200, random_state=0), features, fake, cv=10, scoring="balanced_accuracy").mean())


def seen(browser: httpx.Client, name: str) -> list[float]:
    """URL, headers, length, time on the wire, format, and how the stream is coded; not how long it would be without its padding."""
    began = time.perf_counter()
    reply = browser.get(name)
    took = time.perf_counter() - began
    headers = sorted((key, value) for key, value in reply.headers.items() if key != "date")
    digest = int.from_bytes(hashlib.sha256(repr(headers).encode()).digest()[:4])
    with Image.open(io.BytesIO(reply.content)) as picture:
        told = [picture.width, picture.height, len(picture.info), len(picture.mode), len(picture.getbands())]
    return [len(reply.content), took, digest, *told, sum(name.encode()) / len(name), reply.status_code, *stream(reply.content)]


def stream(png: bytes) -> list[float]:
    """The list of chunks, the header's fields, the zlib stream's, and how often each row filter is used: what an encoder leaves behind."""
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks.append((kind, png[at + 8 : at + 8 + length]))
        at += 12 + length
    kinds = int.from_bytes(hashlib.sha256(b" ".join(kind for kind, _ in chunks)).digest()[:4])
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    coded = b"".join(content for kind, content in chunks if kind == b"IDAT")
    rows = zlib.decompress(coded)
    step = len(rows) // height
    filters = np.bincount([rows[row * step] for row in range(height)], minlength=5)
    assert step == 1 + width * 3
    return [kinds, len(chunks), depth, colour, packing, filtering, interlace, coded[0], coded[1], coded[2] & 7, *map(float, filters)]
