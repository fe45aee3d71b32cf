"""The published networks, layer for layer: a wrong count or reach would train something else under the paper's name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from huelab import models
from huelab.models import layers, page, pix2pix
from huelab.models.colorizer import Colorizer
from huelab.models.layers import SameConv, ToBins, parameters
from tests.flat_material import narrow

LEARNED = [name for name in models.NAMES if name not in models.FLOORS]


@pytest.mark.parametrize(
    ("name", "count"),
    [("alpha", 32_202), ("beta", 3_892_194), ("plain", 6_665_666), ("pix2pix", 54_409_858), ("zhang", 32_230_393)],
)
def test_at_width_one_a_network_has_exactly_the_published_number_of_weights(name: str, count: int) -> None:
    with torch.device("meta"):
        module = models.module(name)
        assert parameters(module.build(module.Params(width=1.0), size=256)) == count


def test_the_patchgan_has_exactly_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        assert parameters(pix2pix.build_discriminator(pix2pix.Params())) == 2_765_633


def test_zhangs_batch_norms_neither_scale_nor_shift() -> None:
    """With scale and shift the count would be 32,239,... and the network another."""
    norms = [layer for layer in narrow("zhang").modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 7
    assert not any(norm.affine for norm in norms)


@pytest.mark.parametrize("name", LEARNED)
def test_width_scales_the_channels(name: str) -> None:
    half, whole = (page.count(name, width=width) for width in (0.5, 1.0))
    assert 0.2 < half / whole < 0.35


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (64, 64), (65, 8)])
def test_a_network_takes_a_photograph_of_any_size(name: str, height: int, width: int) -> None:
    net = narrow(name).eval()
    L = torch.rand(2, 1, height, width) * 100
    with torch.no_grad():
        output = net(L)
    if isinstance(net, ToBins):
        assert output.shape[-2] * net.stride >= height
        assert output.shape[-1] * net.stride >= width
    else:
        assert output.shape == (2, 3 if name == "nazeri" else 2, height, width)
    with torch.no_grad():
        assert Colorizer(net, temperature=0.38)(L).shape == (2, 2, height, width)
    assert output.dtype == torch.float32
    assert torch.isfinite(output).all()


@pytest.mark.parametrize("name", LEARNED)
def test_every_weight_learns_from_every_loss(name: str) -> None:
    """A layer that no gradient reaches would stay as it was drawn, and nobody would see it."""
    net = narrow(name)
    with torch.no_grad():
        for key, value in net.named_parameters():
            if key.endswith("gamma"):
                value.fill_(0.1)  # self-attention begins at nothing and grows
    labels = "labels" in models.module(name).INFO.needs
    output, *logits = net(torch.rand(2, 1, 64, 64) * 100, classify=True) if labels else (net(torch.rand(2, 1, 64, 64) * 100),)
    for answer in logits:
        (answer * torch.linspace(-1, 1, answer.numel()).view_as(answer)).sum().backward(retain_graph=True)
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    dead = [key for key, value in net.named_parameters() if value.requires_grad and (value.grad is None or not value.grad.abs().sum() > 0)]
    assert not dead


@pytest.mark.parametrize("name", ["alpha", "beta", "plain", "pix2pix"])
def test_predicted_colours_stay_within_the_published_range(name: str) -> None:
    """An unbounded head draws blotches; the tanh bounds ab by the model's unit."""
    scale = models.module(name).INFO.ab_scale
    assert scale in (110.0, 128.0)
    with torch.no_grad():
        assert narrow(name).eval()(torch.rand(1, 1, 64, 64) * 100).abs().max() <= scale


def test_one_patch_logit_sees_seventy_pixels() -> None:
    """The discriminator of pix2pix is named after it."""
    torch.manual_seed(0)
    patch = pix2pix.build_discriminator(pix2pix.Params(width=0.1)).eval()
    picture = torch.rand(1, 3, 256, 256, requires_grad=True)
    logits = patch(picture)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    assert picture.grad is not None
    reached = picture.grad.abs().sum((0, 1)) > 0
    rows, columns = reached.any(1).nonzero(), reached.any(0).nonzero()
    assert rows.max() - rows.min() + 1 == 70
    assert columns.max() - columns.min() + 1 == 70


def test_the_patchgan_judges_even_the_smallest_training_pictures() -> None:
    """standardize.size may be 16, where the unpadded network has no output."""
    patch = pix2pix.build_discriminator(pix2pix.Params(width=0.1))
    assert patch(torch.rand(2, 3, 16, 16)).shape == (2, 1, 1, 1)


@pytest.mark.parametrize(("size", "levels"), [(16, 4), (64, 6), (100, 6), (256, 8), (512, 8)])
def test_the_u_net_is_as_deep_as_the_pictures_allow(size: int, levels: int) -> None:
    assert pix2pix.depth(pix2pix.Params(), size) == levels
    net = pix2pix.build(pix2pix.Params(width=0.05), size=size)
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in net.modules()) == levels
    assert pix2pix.depth(pix2pix.Params(depth=3), size) == 3


def test_the_full_u_net_drops_out_in_three_levels() -> None:
    net = pix2pix.build(pix2pix.Params(width=0.05), size=256)
    assert sum(isinstance(layer, nn.Dropout) for layer in net.modules()) == 3


def test_convolutions_pad_as_tensorflow_does() -> None:
    """Wallner's networks are Keras': stride 2 on an even side looks right and below, so its first output is centred on pixel (1, 1)."""
    conv = SameConv(1, 1, stride=2)
    picture = torch.zeros(1, 1, 8, 8)
    picture[0, 0, 0, 0] = 1.0
    weight = conv[-1].weight
    assert isinstance(weight, torch.Tensor)
    output = conv(picture)
    assert output.shape == (1, 1, 4, 4)
    assert output[0, 0, 0, 0].item() == pytest.approx(weight[0, 0, 0, 0].item())


def test_padding_repeats_the_last_row_and_column() -> None:
    picture = torch.arange(6.0).view(1, 1, 2, 3)
    grown = layers.padded(picture, 4)
    assert grown.shape == (1, 1, 4, 4)
    np.testing.assert_array_equal(grown[0, 0].numpy(), [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]])


def test_he_initialisation_keeps_the_scale_through_transposed_convolutions() -> None:
    """Else a deep decoder begins faint, and zhang stalls."""
    torch.manual_seed(0)
    for layer in (nn.Conv2d(64, 64, 3, padding=1), nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1)):
        layers.he(layer)
        with torch.no_grad():
            signal = torch.randn(2, 64, 32, 32).relu()
            after = layer(signal)[..., 4:-4, 4:-4].relu()
        assert 0.8 < (after.square().mean() / signal.square().mean()).sqrt().item() < 1.25


def test_model_files_name_where_they_come_from_without_importing_torch() -> None:
    """`python -m huelab.params` and `huelab --help` read them; torch would make both wait."""
    code = (
        "import sys; from huelab import models\n"
        "for name in models.NAMES:\n"
        "    info = models.module(name).INFO\n"
        "    assert info.title and (info.licence or info.objective == 'floor'), name\n"
        "    models.module(name).Params()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
