"""FID's features are those of pytorch-fid's network with the same weights: another pooling or resizing makes another FID."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_fid import inception as reference

from huelab import metrics
from huelab.metrics import inception, inception_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the published one's names and shapes; its numbers are seeded noise, which is enough to compare two computations."""
    drawn = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = reference._inception_v3(num_classes=1008, aux_logits=False, weights=None).state_dict()
    state = {}
    for name, tensor in shapes.items():
        if tensor.ndim == 4:  # keeps the signal alive through a hundred layers
            state[name] = torch.randn(tensor.shape, generator=drawn) * (2 / tensor[0].numel()) ** 0.5
        elif name.endswith(("running_var", "bn.weight")):
            state[name] = torch.rand(tensor.shape, generator=drawn) * 0.4 + 0.8
        elif not name.endswith("num_batches_tracked"):  # as in the published file, which is of before it
            state[name] = torch.randn(tensor.shape, generator=drawn) * 0.1
    file = tmp_path_factory.mktemp("weights") / inception.WEIGHTS.name
    torch.save(state, file)
    return file


@pytest.fixture(scope="module")
def pictures(request):
    """Two photographs that are not square, (120, 160, 3)."""
    samples = request.config.rootpath / "samples"
    opened = [Image.open(samples / f"{name}.jpg").convert("RGB").resize((160, 120)) for name in ("coffee", "astronaut")]
    return np.stack([np.asarray(picture) for picture in opened])


@pytest.fixture(scope="module")
def net(weights):
    return inception_network.network(torch.load(weights, weights_only=True))


@pytest.fixture(scope="module")
def own(net, pictures):
    return inception.features(net, pictures)


def test_features_equal_pytorch_fids(weights, pictures, own):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "load_state_dict_from_url", lambda url, progress: torch.load(weights, weights_only=True))
        network = reference.InceptionV3().eval()
    with torch.no_grad():
        wanted = network(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255)[0][..., 0, 0].numpy()
    assert own.shape == wanted.shape == (2, 2048)
    assert own.std() > 0.1, "else the comparison says nothing"
    np.testing.assert_allclose(own, wanted, rtol=0, atol=1e-4)


def test_torchvisions_own_network_gives_other_features(weights, pictures, own):
    """What the patches are for, and that the test above would notice their loss."""
    from torchvision.models import inception_v3

    with torch.device("meta"):
        plain = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    plain.load_state_dict(torch.load(weights, weights_only=True), assign=True)
    plain.fc = torch.nn.Identity()
    with torch.no_grad():
        other = plain.eval()(torch.cat([inception._shown(rgb) for rgb in pictures])).numpy()
    assert np.abs(own - other).max() > 1e-2


def test_a_set_is_shown_in_batches_of_pictures_of_any_size(net, pictures, own, monkeypatch):
    monkeypatch.setattr(inception, "BATCH", 2)
    found = inception.features(net, iter([*pictures, pictures[0][:90]]))
    assert found.shape == (3, 2048)
    np.testing.assert_allclose(found[:2], own, rtol=0, atol=1e-5)
    assert np.abs(found[2] - own[0]).max() > 1e-3
    assert inception.features(net, []).shape == (0, 2048)


def test_both_protocols_from_file_to_value(weights, pictures, muted, monkeypatch):
    """The numbers are those of noise; that they come out says that the whole way works."""
    genuine = replace(inception.WEIGHTS, sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    monkeypatch.setattr(inception, "WEIGHTS", genuine)
    monkeypatch.setenv(genuine.variable, str(weights))
    inception._network.cache_clear()
    same, other = metrics.metric("fid_same"), metrics.metric("fid_other")
    pairs = [muted(rgb) for rgb in pictures]
    vectors = {name: np.stack([of_pair(pair) for pair in pairs]) for name, of_pair in same.vectors.items()}
    inception._network.cache_clear()
    assert other.vectors["inception"] is same.vectors["inception"], "computed once for both"
    counts = np.array([[1.0, 1.0], [2.0, 0.0]])
    values = same.of_vectors(vectors, None, counts)
    assert (values > 0).all()
    np.testing.assert_allclose(other.of_vectors(vectors, vectors["inception_truth"], counts)[0], values[0], rtol=1e-6)
    assert np.isnan(other.of_vectors(vectors, None, counts)).all()
