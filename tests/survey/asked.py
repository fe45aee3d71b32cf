"""A small study that people have taken, of whom it is known what they saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from huelab.survey import answering, owners, people, simulate
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.conftest import CONSENT, rendered


def asked(folder: Path, weights: Mapping[str, str], *, fooled_by: str, simulated: bool = False, count: int = 6) -> str:
    """A live study in the project's own database; `fooled_by` of the models fools everybody, the others nobody. Its version.

    `weights`: the SHA-256 of each model's weights; `folder` gets the pictures.
    """
    if not folder.exists():
        rendered(folder, tuple(weights))
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, facts in manifest["models"].items():
        facts["content"] = weights[name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    store = Store.open()
    settings = {"trials": 8, "catches": 2, "block": 5, "people": count, "screening": False, "simulated": simulated}
    study = Study.model_validate({"title": "Which is real?", "models": tuple(weights), **settings})
    version = owners.create(store, study, folder, who="owner")
    owners.launch(store, version, folder, who="owner", consent="I agree.")
    for link in owners.invite(store, version, who="owner", count=count):
        _take(store, link, fooled_by)
    store.close()
    return version


def _take(store: Store, link: str, fooled_by: str) -> None:
    token = people.join(store, link)
    people.consent(store, token, CONSENT)
    people.display(store, token, {})
    people.ready(store, token)
    state = answering.current(store, token)
    while "trial" in state:
        nonce = state["trial"]["nonce"]
        _, _, left, right, fake = simulate._truth(store, nonce)[nonce]
        other = {"left": "right", "right": "left"}[fake]
        choice = other if fooled_by in (left, right) else fake
        state = answering.answer(store, token, nonce, choice, rt_ms=900.0)["state"]
