"""nazeri: the published network, TensorFlow's borders and scales, and what the published code does that its paper does not say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from huelab.errors import ParamsError
from huelab.models import nazeri
from huelab.models.colorizer import Colorizer
from huelab.models.layers import parameters
from huelab.models.nazeri import Params, build, build_discriminator, seen_by_discriminator


def made(*, size: int = 32, **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return build(Params(**{"width": 0.05, **settings}), size=size)


def lightness(count: int, height: int = 32, width: int = 32, *, seed: int = 1) -> Tensor:
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(seed)) * 100


@pytest.mark.parametrize(("variant", "count"), [("cifar32", 16_654_851), ("places256", 42_023_811)])
def test_at_width_one_both_variants_have_exactly_the_published_number_of_weights(variant: Any, count: int) -> None:
    with torch.device("meta"):
        params = Params(variant=variant)
        assert parameters(build(params, size=256)) == count
        assert parameters(build_discriminator(params)) == 2_767_553


def test_each_variant_brings_the_settings_it_was_published_with() -> None:
    cifar, places = Params(), Params(variant="places256")
    assert (cifar.batch, cifar.decay_steps, cifar.smooth) == (128, 10_000, 0.0)
    assert (places.batch, places.decay_steps, places.smooth) == (16, 500_000, 0.1)
    for params in (cifar, places):
        assert (params.lr, params.d_lr, params.beta1, params.g_updates, params.l1_weight) == (3e-4, 3e-5, 0.0, 2, 100.0)
    own = Params(variant="places256", batch=4, smooth=0.2)
    assert (own.batch, own.smooth, own.decay_steps) == (4, 0.2, 500_000), "what the user sets must stay"
    assert Params.model_validate(own.model_dump()) == own
    for wrong in ("cifar", ["cifar32"]):
        with pytest.raises(ValidationError, match="'cifar32' or 'places256'"):
            Params.model_validate({"variant": wrong})


def reached(convolution: nn.Module, side: int, place: int) -> tuple[list[int], int]:
    """Rows of a picture of `side` pixels that the output's row `place` is made of, and how many rows the output has."""
    picture = torch.zeros(1, 1, side, side, requires_grad=True)
    output = convolution(picture)
    output[0, 0, place, place].backward()
    assert picture.grad is not None
    return (picture.grad[0, 0] != 0).any(1).nonzero().flatten().tolist(), output.shape[-1]


@pytest.mark.parametrize(
    ("stride", "side", "place", "rows", "outputs"),
    [
        (1, 8, 3, [2, 3, 4, 5], 8),  # one above, two below: an even kernel has no middle
        (1, 8, 7, [6, 7], 8),
        (2, 8, 1, [1, 2, 3, 4], 4),  # an even side: one on either side, as torch pads
        (2, 7, 3, [5, 6], 4),  # an odd one: one above, two below, or the last row would be lost
    ],
)
def test_convolutions_pad_as_tensorflow_does(stride: int, side: int, place: int, rows: list[int], outputs: int) -> None:
    """Half a pixel of shift per layer would add up to a colour fringe along every edge."""
    assert reached(nazeri._same_conv(1, 1, stride=stride), side, place) == (rows, outputs)


def test_weights_begin_as_in_tensorflow() -> None:
    """Truncated normal of variance 1 / fan-in; of a transposed convolution the fan-in is read off its output channels."""
    net = made(width=0.5)
    down = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)][3]
    up = next(layer for layer in net.modules() if isinstance(layer, nn.ConvTranspose2d))
    assert up.in_channels == up.out_channels
    assert down.in_channels != down.out_channels
    narrow = nn.ConvTranspose2d(256, 32, 4)
    nazeri._variance_scaling(narrow)
    for layer, fan in ((down, 16 * down.in_channels), (up, 16 * up.out_channels), (narrow, 16 * 32)):
        assert layer.weight.std().item() == pytest.approx(fan**-0.5, rel=0.02)
        assert layer.weight.abs().max().item() <= 2 * fan**-0.5 / 0.87
        assert layer.bias is not None
        assert not layer.bias.any()


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
@pytest.mark.parametrize(("variant", "size"), [("cifar32", 32), ("places256", 128)])
def test_a_network_takes_a_photograph_of_any_size_and_gives_lab(variant: str, size: int, mode: str) -> None:
    """What was trained at 32 x 32 must find its skips in step at every size; faithful also for a single pixel without batch."""
    net = made(variant=variant, mode=mode, size=size, width=0.02).eval()
    for height, width in ((1, 1), (37, 61)):
        with torch.no_grad():
            lab = net(lightness(1, height, width))
        assert lab.shape == (1, 3, height, width)
        assert lab.dtype == torch.float32
        assert torch.isfinite(lab).all()
        assert 0 <= lab[:, 0].min() <= lab[:, 0].max() <= 100
        assert lab[:, 1:].abs().max() <= 110


def test_pictures_too_small_for_the_halvings_are_refused_with_the_least_size() -> None:
    with pytest.raises(ParamsError, match=r"halves its pictures 7 times.*at least 128, found 64.*cifar32"):
        made(variant="places256", size=64)
    made(size=16, width=0.02)


def test_a_photograph_keeps_its_own_lightness() -> None:
    """The net paints L as well; it is thrown away, or every photograph would come back blurred."""
    net = made().eval()
    L = lightness(2)
    with torch.no_grad():
        ab = Colorizer(net)(L)
        assert torch.equal(ab, net(L)[:, 1:])


def test_the_discriminator_sees_gray_beside_the_whole_colour() -> None:
    L, lab = lightness(2), torch.rand(2, 3, 32, 32) * 50
    seen = seen_by_discriminator(Params(), L, lab)
    assert seen.shape == (2, 4, 32, 32)
    torch.testing.assert_close(seen[:, :1], L / 50 - 1)
    torch.testing.assert_close(seen[:, 1:2], lab[:, :1] / 50 - 1)
    torch.testing.assert_close(seen[:, 2:], lab[:, 1:] / 110)
    torch.manual_seed(0)
    judge = build_discriminator(Params(width=0.05))
    assert judge(seen).shape == (2, 1, 4, 4)
    with torch.no_grad():
        other_gray = torch.cat([seen[:, :1].flip(-1), seen[:, 1:]], 1)
        assert not torch.equal(judge(seen), judge(other_gray)), "it must see whether the colours fit the gray picture"


def test_faithful_dropout_never_acts() -> None:
    L = lightness(4)
    corrected, faithful = made(), made(mode="faithful")
    with torch.no_grad():
        assert not torch.equal(corrected(L), corrected(L))
        assert torch.equal(faithful(L), faithful(L))
    assert not any(isinstance(layer, nn.Dropout) for layer in made(variant="places256", size=256, width=0.02).modules()), (
        "the published network for 256 x 256 has none"
    )


def test_faithful_colours_depend_on_the_company_a_picture_is_shown_in() -> None:
    """Batch norm on the statistics of the batch at hand, also when colouring."""
    one, others = lightness(1), lightness(3, seed=2)
    for mode, alike in (("corrected", True), ("faithful", False)):
        net = made(mode=mode).eval()
        with torch.no_grad():
            alone, together = net(one), net(torch.cat([one, others]))[:1]
        assert torch.allclose(alone, together, atol=1e-3) is alike


def test_faithful_gray_is_levels_up_to_255() -> None:
    L = torch.tensor([0.0, 53.585, 100.0]).view(1, 1, 1, 3).expand(1, 1, 16, 3)
    lab = torch.zeros(1, 3, 16, 3)
    for mode, levels in (("corrected", (-1.0, 0.0717, 1.0)), ("faithful", (0.0, 128.0, 255.0))):
        gray = seen_by_discriminator(Params.model_validate({"mode": mode}), L, lab)[0, 0, 0].tolist()
        assert gray == pytest.approx(levels, abs=0.01)
        net = made(mode=mode)
        taken: list[Tensor] = []
        first = next(layer for layer in net.modules() if isinstance(layer, nn.Conv2d))
        first.register_forward_pre_hook(lambda _, given, into=taken: into.append(given[0]))
        net.eval()(L)
        assert taken[0][0, 0, 0, :3].tolist() == pytest.approx(levels, abs=0.01), "the generator gets the same gray"


def test_batch_norm_has_tensorflows_epsilon() -> None:
    """A hundred times torch's own."""
    for net in (made(), build_discriminator(Params(width=0.05))):
        assert {layer.eps for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)} == {1e-3}
