"""Wallner's GAN: its layer table, bounds that hold and survive a file, and the colour space of its published bug."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from skimage import color
from torch import nn

from huelab.color import lab
from huelab.models import signed_lab, spectral, wallner_gan
from huelab.models.layers import parameters
from huelab.models.spectral import BoundedConv, SelfAttention


def small(*, size: int = 32, **params: object) -> nn.Module:
    torch.manual_seed(0)
    return wallner_gan.build(wallner_gan.Params.model_validate({"width": 0.1, **params}), size=size)


def discriminators(**params: object) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return wallner_gan.build_discriminators(wallner_gan.Params.model_validate({"width": 0.1, **params}))


def attention(channels: int) -> int:
    return 2 * (channels * (channels // 8) + channels // 8) + channels * channels + channels + 1


def test_weights_are_as_many_as_in_the_published_layer_table() -> None:
    down = [(1, 128), (128, 256), (256, 512), (512, 512), (512, 512), (512, 512)]
    up = [(512, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128)]
    table = sum(16 * a * b + b for a, b in (*down, *up)) + (49 * 256 * 2 + 2) + attention(512)
    judge = sum(16 * a * b + b for a, b in [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)])
    with torch.device("meta"):
        net = wallner_gan.build(wallner_gan.Params(), size=128)
        judges = wallner_gan.build_discriminators(wallner_gan.Params())
    assert parameters(net) == table == 41_778_563
    assert [parameters(one) for one in judges.values()] == [judge + attention(128), judge + attention(64), judge + attention(64)]
    assert parameters(judges["full"]) == 2_785_378


@pytest.mark.parametrize(("size", "levels"), [(16, 4), (32, 5), (64, 6), (100, 6), (256, 6)])
def test_the_u_net_is_as_deep_as_the_pictures_allow(size: int, levels: int) -> None:
    assert wallner_gan.depth(wallner_gan.Params(), size) == levels
    net = small(size=size)
    assert sum(isinstance(layer, BoundedConv) for layer in net.modules()) == 2 * levels
    assert sum(isinstance(layer, SelfAttention) for layer in net.modules()) == 1
    assert wallner_gan.depth(wallner_gan.Params(depth=3), size) == 3


def test_attention_looks_at_a_quarter_of_the_size_at_every_depth() -> None:
    """Anywhere larger its map would not fit into memory; anywhere smaller it is another network."""
    for settings in ({"size": 32}, {"size": 32, "depth": 3}, {"size": 128}):
        net = small(**settings)
        shapes: list[torch.Size] = []
        layer = next(layer for layer in net.modules() if isinstance(layer, SelfAttention))
        layer.register_forward_hook(lambda _module, inputs, _output, shapes=shapes: shapes.append(inputs[0].shape))
        net(torch.rand(1, 1, 128, 64) * 100)
        assert [tuple(shape[-2:]) for shape in shapes] == [(32, 16)]


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (32, 32), (65, 8)])
def test_a_photograph_of_any_size_gets_colours_of_its_size(mode: str, height: int, width: int) -> None:
    net = small(mode=mode).eval()
    with torch.no_grad():
        ab = net(torch.rand(2, 1, height, width) * 100)
    assert ab.shape == (2, 2, height, width)
    assert ab.dtype == torch.float32
    assert ab.abs().max() <= 128.0


def test_every_weight_of_all_four_networks_learns_once_attention_has_begun() -> None:
    """gamma begins at 0, as published: until it has moved, no gradient passes it to the layers of the attention."""
    net, judges = small(), discriminators()
    for layer in (layer for one in (net, *judges.values()) for layer in one.modules() if isinstance(layer, SelfAttention)):
        nn.init.constant_(layer.gamma, 0.5)
    net(torch.rand(2, 1, 32, 32) * 100).square().sum().backward()
    for judge in judges.values():
        judged, found = judge(torch.rand(2, 3, 32, 32))
        (judged.square().sum() + sum(features.square().sum() for features in found)).backward()
    named = [(key, value) for one in (net, *judges.values()) for key, value in one.named_parameters()]
    assert not [key for key, value in named if value.grad is None or not value.grad.abs().sum() > 0]


def test_no_convolution_but_those_of_the_attention_amplifies_any_pattern() -> None:
    """Bounded gain is what keeps the judgement from growing without limit; a wrong axis or a stale vector would lose it."""
    net, judges = small(), discriminators()
    convs = [layer for one in (net, *judges.values()) for layer in one.modules() if isinstance(layer, BoundedConv)]
    with torch.no_grad():
        for conv in convs:
            conv.parametrizations["weight"].original.mul_(7.0).add_(torch.randn_like(conv.weight))  # as if it had learned
        for conv in convs:
            for _ in range(30):
                conv(torch.zeros(1, conv.in_channels, 1, 1))
    gains = [torch.linalg.svdvals(conv.eval().weight.detach().flatten(1))[0].item() for conv in convs]
    assert len(gains) == 2 * 5 + 3 * 5
    np.testing.assert_allclose(gains, 1.0, atol=0.05)


def test_evaluation_leaves_the_estimate_of_the_gain_alone() -> None:
    """Otherwise a photograph's colours would depend on how many were coloured before it."""
    net = small().eval()
    L = torch.rand(1, 1, 32, 32) * 100
    with torch.no_grad():
        first, second = net(L), net(L)
    assert torch.equal(first, second)


def test_bfloat16_is_kept_out_of_the_power_iteration() -> None:
    net = small()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net(torch.rand(1, 1, 32, 32) * 100)
    conv = next(layer for layer in net.modules() if isinstance(layer, BoundedConv))
    assert conv.weight.dtype == torch.float32
    assert torch.linalg.svdvals(conv.eval().weight.detach().flatten(1))[0].item() == pytest.approx(1.0, abs=1e-3)


def test_a_trained_network_gives_the_same_colours_after_it_was_saved(tmp_path: Path) -> None:
    """The vectors of the power iteration are part of it: with fresh ones it would paint other colours."""
    net = small()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    net(torch.rand(2, 1, 32, 32) * 100).square().mean().backward()
    optimizer.step()
    safetensors.torch.save_file(net.state_dict(), tmp_path / "weights.safetensors")
    torch.manual_seed(1)
    again = wallner_gan.build(wallner_gan.Params(width=0.1), size=32)
    again.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
    L = torch.rand(1, 1, 40, 24) * 100
    with torch.no_grad():
        np.testing.assert_array_equal(net.eval()(L).numpy(), again.eval()(L).numpy())


def test_convolutions_pad_as_tensorflow_does() -> None:
    """A stride of 2 on an odd side looks one pixel further right and below; a kernel of 4 always does."""
    for side, stride, size in ((8, 2, 4), (7, 2, 4), (1, 2, 1), (8, 1, 8), (1, 1, 1)):
        assert BoundedConv(1, 1, 4, stride=stride)(torch.zeros(1, 1, side, side)).shape == (1, 1, size, size)
    conv = BoundedConv(1, 1, 4)
    picture = torch.zeros(1, 1, 8, 8)
    picture[0, 0, 0, 0] = 1.0
    assert conv.eval()(picture)[0, 0, 0, 0].item() == pytest.approx(conv.weight[0, 0, 1, 1].item())


def test_attention_begins_as_if_it_were_not_there() -> None:
    features = torch.randn(2, 16, 4, 6)
    assert torch.equal(SelfAttention(16)(features), features)


def test_attention_adds_what_other_places_hold_weighed_by_query_and_key() -> None:
    """Against the formula of the paper, place by place."""
    torch.manual_seed(0)
    layer = SelfAttention(16)
    nn.init.constant_(layer.gamma, 0.7)
    features = torch.randn(1, 16, 3, 5)
    query, key, value = (part(features)[0].flatten(1).detach().double().numpy() for part in (layer.query, layer.key, layer.value))
    expected = np.empty_like(value)
    for place in range(15):
        fit = np.exp(query[:, place] @ key)
        expected[:, place] = value @ (fit / fit.sum())
    found = (layer(features) - features)[0].flatten(1).detach().numpy()
    np.testing.assert_allclose(found, 0.7 * expected, atol=1e-5)


def test_attention_in_blocks_gives_what_it_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A photograph of 400 x 400 would else ask for 400 MB at a time."""
    torch.manual_seed(0)
    layer = SelfAttention(16)
    nn.init.constant_(layer.gamma, 0.7)
    features = torch.randn(2, 16, 7, 9)
    at_once = layer(features).detach()
    monkeypatch.setattr(spectral, "ATTENTION_BLOCK", 2 * 63 * 10)
    with torch.no_grad():
        torch.testing.assert_close(layer(features), at_once)


def test_discriminators_see_the_picture_at_full_half_and_a_quarter_of_the_size() -> None:
    shapes = {}
    for scale, judge in discriminators().items():
        judged, found = judge(torch.rand(1, 3, 128, 64))
        shapes[scale] = [tuple(judged.shape[-2:]), *(tuple(features.shape[-2:]) for features in found)]
    assert shapes == {
        "full": [(16, 8), (64, 32), (32, 16), (16, 8), (16, 8)],
        "half": [(8, 4), (32, 16), (16, 8), (8, 4), (8, 4)],
        "quarter": [(4, 2), (16, 8), (8, 4), (4, 2), (4, 2)],
    }


def test_discriminators_judge_even_the_smallest_training_pictures() -> None:
    for judge in discriminators().values():
        judged, _ = judge(torch.rand(2, 3, 16, 16))
        assert torch.isfinite(judged).all()


def test_faithful_networks_see_lab_of_levels_from_minus_one_as_scikit_image_computes_it() -> None:
    """The published data path: levels scaled to -1..1, then skimage's rgb2lab, which expects 0..1."""
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    planes = torch.from_numpy(lab.rgb_to_lab(rgb)).permute(2, 0, 1)[None]
    expected = color.rgb2lab(rgb / 255.0 * 2.0 - 1.0) / [100.0, 128.0, 128.0]
    params = wallner_gan.Params(mode="faithful")
    found = wallner_gan.seen(params, planes[:, :1], planes[:, 1:])[0].permute(1, 2, 0)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-3)
    assert found[..., 0].min() < 0, "the dark half of a picture has negative lightness there"


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
def test_what_the_networks_see_can_be_turned_back_into_colours(mode: str) -> None:
    """Otherwise a faithful network's colours could not be shown."""
    rgb = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    planes = torch.from_numpy(lab.rgb_to_lab(rgb)).permute(2, 0, 1)[None]
    params = wallner_gan.Params.model_validate({"mode": mode})
    picture = wallner_gan.seen(params, planes[:, :1], planes[:, 1:])
    torch.testing.assert_close(wallner_gan.cie_ab(params, picture), planes[:, 1:], atol=0.05, rtol=0)


def test_levels_from_minus_one_keep_black_gray_and_white_apart() -> None:
    L = torch.tensor([0.0, 53.585, 100.0]).view(3, 1, 1, 1)
    light = signed_lab.signed(L, torch.zeros(3, 2, 1, 1))[:, 0].flatten()
    np.testing.assert_allclose(light.numpy(), [-69.9, 0.0, 100.0], atol=0.3)
