"""Deep Koalarization: the published layers, the aspect of photographs, and the decoder of a student report."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn import functional as F

from huelab.backbones import Source
from huelab.backbones.vectors import class_vectors
from huelab.data.dataset import batches
from huelab.models import koala
from huelab.models.layers import SameConv, parameters
from tests.data.small_store import make_store
from tests.small_classifier import CLASSES, pictures, small, small_classifier


def test_beside_the_backbone_it_has_exactly_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        assert parameters(koala.build(koala.Params(), backbone=small_classifier(1001), size=224)) == 6_574_050


def test_the_defaults_are_the_published_training() -> None:
    params = koala.Params()
    assert (params.optimizer, params.lr, params.batch, params.loss, params.backbone) == ("adam", 1e-3, 100, "mse", "inception_resnet_v2")
    assert (koala.INFO.ab_scale, koala.INFO.input_size) == (127.0, 224)


def test_it_takes_logits() -> None:
    torch.manual_seed(0)
    backbone = small_classifier()
    torch.testing.assert_close(koala.class_vector(backbone, pictures(), koala.Params()), backbone.logits(pictures()).detach())


def test_the_classifier_sees_a_photograph_with_its_aspect() -> None:
    """Stretched to a square, a standing person is as wide as tall."""
    torch.manual_seed(0)
    backbone = small_classifier()
    L = pictures(2, 32, 16)
    padded = F.pad(L, (8, 8, 0, 0), mode="replicate")
    vector = koala.class_vector(backbone, L, koala.Params())
    torch.testing.assert_close(vector, backbone.logits(padded).detach())
    assert not torch.allclose(vector, backbone.logits(L), atol=1e-2)


def test_vectors_of_a_padded_store_are_those_the_network_computes_for_its_pictures(tmp_path: Path, project: Path) -> None:
    """Vectors come from the photograph inside its padding, the network is shown both: a difference would spoil its score, not its loss."""
    store = make_store(tmp_path / "store", count=30, ratio="pad", size=16)
    backbone, params = small_classifier(), koala.Params()
    source = Source("small", "random", None, "", CLASSES, "backbone: random")
    look = partial(koala.class_vector, backbone, section=params)
    kept = class_vectors(look, source, store, recipe=koala.vector_recipe(params), classes=CLASSES)
    for batch in batches(store, "train", 8):
        assert batch.mask.min() == 0
        torch.testing.assert_close(koala.class_vector(backbone, batch.L, params), torch.from_numpy(kept)[batch.index])


def test_published_colours_are_two_pixels_coarse() -> None:
    """The last upsampling comes after the tanh."""
    net = small(koala).eval()
    with torch.no_grad():
        ab = net(pictures())
    assert torch.equal(ab, ab[..., ::2, ::2].repeat_interleave(2, -1).repeat_interleave(2, -2))
    assert [type(layer) for layer in net.decoder][-2:] == [nn.Tanh, nn.Upsample]


def test_the_lightness_goes_in_from_minus_one_to_one() -> None:
    net = small(koala)
    torch.testing.assert_close(net.scale_input(torch.tensor([0.0, 50.0, 100.0])), torch.tensor([-1.0, 0.0, 1.0]))


def test_the_five_layers_of_the_student_report() -> None:
    """Upsampled after the first, third and fifth, so that colours come at full resolution."""
    net = small(koala, decoder=(256, 128, 64, 64, 32)).eval()
    kinds = [type(layer) for layer in net.decoder if not isinstance(layer, nn.ReLU)]
    conv, up = SameConv, nn.Upsample
    assert kinds == [conv, up, conv, conv, up, conv, conv, up, conv, nn.Tanh]
    with torch.no_grad():
        ab = net(pictures(1, 37, 61))
    assert ab.shape == (1, 2, 37, 61)
    assert not torch.equal(ab[..., :36:2, :60:2], ab[..., 1:36:2, 1:60:2])


@pytest.mark.parametrize("decoder", [(128, 64, 64), (128, 64, 0, 32)])
def test_a_decoder_without_room_for_three_upsamplings_or_with_an_empty_layer_is_refused(decoder: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="decoder"):
        koala.Params(decoder=decoder)
