"""Weights that cannot be had must never be replaced by others: the metric is not computed, and says what to do."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace

import pytest
import torch

from huelab import metrics
from huelab.errors import ModelError
from huelab.metrics import inception, lpips_alex, vgg16
from huelab.metrics.weights_file import WeightsFile

ALL = {"lpips_alex": lpips_alex.WEIGHTS, "lpips_vgg": vgg16.WEIGHTS, "vgg_accuracy": vgg16.WEIGHTS} | dict.fromkeys(
    ("fid_same", "fid_other"), inception.WEIGHTS
)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A tiny state dict as if it were published, lying where its variable says."""
    file = tmp_path / "tiny.pth"
    torch.save({"weight": torch.arange(3.0)}, file)
    monkeypatch.setenv("TINY", str(file))
    return WeightsFile("the tiny weights", "https://example.org/tiny-01234567.pth", hashlib.sha256(file.read_bytes()).hexdigest(), "TINY")


@pytest.mark.parametrize("name", sorted(ALL))
def test_says_which_file_to_put_where(name, tmp_path, monkeypatch):
    monkeypatch.delenv(ALL[name].variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    why = metrics.metric(name).not_computed({"n01440764"})
    assert ALL[name].url in why
    assert ALL[name].variable in why
    assert str(tmp_path) not in why, "stage outputs must not name this machine's folders"
    with pytest.raises(ModelError, match="are not here: download"):
        ALL[name].load()


@pytest.mark.parametrize("name", sorted(ALL))
def test_published_names_begin_their_hashes(name):
    """torchvision and pytorch-fid write the first eight digits into the file's name; a slip in a constant would refuse the right file."""
    weights = ALL[name]
    assert weights.name.removesuffix(".pth").endswith(f"-{weights.sha256[:8]}")
    assert len(weights.sha256) == 64
    assert metrics.metric(name).weights_sha256 == weights.sha256


def test_the_genuine_file_is_loaded(published):
    assert published.missing() == ""
    assert torch.equal(published.load()["weight"], torch.arange(3.0))


def test_is_found_in_torchs_cache(published, tmp_path, monkeypatch):
    home = tmp_path / "home"
    place = home / "hub" / "checkpoints" / published.name
    place.parent.mkdir(parents=True)
    published.place().rename(place)
    monkeypatch.delenv("TINY")
    monkeypatch.setenv("TORCH_HOME", str(home))
    assert published.place() == place
    assert published.missing() == ""


def test_another_file_under_that_name_is_refused_and_not_opened(published):
    torch.save({"weight": torch.zeros(3)}, published.place())
    assert f"its SHA-256 is not {published.sha256}" in published.missing()
    with pytest.raises(ModelError, match="not the published one"):
        published.load()


def test_a_file_that_changes_is_looked_at_again(published):
    """Someone replaces the wrong file while the dashboard runs."""
    assert published.missing() == ""
    published.place().write_bytes(b"half")
    assert published.missing()


def test_code_in_a_pickle_is_never_run(published, tmp_path):
    """Even of a file with the right hash only tensors are unpickled."""
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(ran), "w"))

    torch.save(Evil(), published.place())
    claimed = replace(published, sha256=hashlib.sha256(published.place().read_bytes()).hexdigest())
    assert claimed.missing() == ""
    with pytest.raises(pickle.UnpicklingError):
        claimed.load()
    assert not ran.exists()
