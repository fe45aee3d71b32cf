"""Reading colours out of a network: what `huelab colorize` and every score rest on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from huelab.color import bins
from huelab.models.colorizer import Colorizer, Constant
from huelab.models.layers import ToBins


class Fixed(nn.Module):
    """Gives the same logits whatever it sees."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, L: Tensor) -> Tensor:
        return self.logits.expand(L.shape[0], -1, L.shape[2] // 4, L.shape[3] // 4)


def reading(logits: Tensor, temperature: float) -> Tensor:
    net = ToBins(Fixed(logits), multiple=8, stride=4, scale_input=lambda L: L)
    return Colorizer(net, temperature=temperature)(torch.zeros(1, 1, 16, 16))


def test_lower_temperature_is_more_colourful() -> None:
    """The one knob users of `zhang` have: it must turn one way."""
    a, b = torch.tensor(bins.centers(), dtype=torch.float32).T
    # two opinions: rather a strong orange, or else gray
    orange, gray = (torch.exp(-((a - a0) ** 2 + (b - a0) ** 2) / 200) for a0 in (50, 0))
    logits = torch.log(0.6 * orange + 0.4 * gray + 1e-6)
    chroma = [reading(logits.view(1, -1, 1, 1), T).norm(dim=1).mean().item() for T in (2.0, 1.0, 0.6, 0.38, 0.1)]
    assert chroma == sorted(chroma)
    assert chroma[-1] > chroma[1] + 5


def test_a_certain_network_gives_that_bins_colour() -> None:
    centers = torch.tensor(bins.centers(), dtype=torch.float32)
    logits = torch.full((1, 313, 1, 1), -50.0)
    logits[0, 200] = 50.0
    ab = reading(logits, 0.38)
    assert ab.shape == (1, 2, 16, 16)
    torch.testing.assert_close(ab[0, :, 5, 7], centers[200])


def test_bins_are_upsampled_to_the_photograph_not_to_its_padding() -> None:
    """A 37 x 61 photograph is padded to 40 x 64; its colours must not be squeezed to fit."""
    coarse = torch.full((1, 313, 10, 16), -50.0)
    red, green = (int(bins.nearest([value, 0])) for value in (60, -60))
    coarse[:, red, :, :8] = 50.0
    coarse[:, green, :, 8:] = 50.0

    class Halves(nn.Module):
        def forward(self, L: Tensor) -> Tensor:
            return coarse

    ab = Colorizer(ToBins(Halves(), multiple=8, stride=4, scale_input=lambda L: L))(torch.zeros(1, 1, 37, 61))
    assert ab.shape == (1, 2, 37, 61)
    assert ab[0, 0, 18, 31] > 0 > ab[0, 0, 18, 32]  # the border lies between columns 31 and 32


def test_a_floor_gives_one_colour_everywhere() -> None:
    ab = Constant((3.0, -4.0))(torch.rand(2, 1, 5, 7))
    assert ab.shape == (2, 2, 5, 7)
    assert (ab[:, 0] == 3.0).all()
    assert (ab[:, 1] == -4.0).all()


def test_a_network_is_read_out_in_its_own_bins() -> None:
    """Two sets of bins mean different colours by the same class; the network says which are its own, and no file of weights holds them."""
    centers = bins.hage_centers()
    logits = torch.full((1, 247, 1, 1), -50.0)
    logits[0, 200] = 50.0
    net = ToBins(Fixed(logits), multiple=8, stride=4, scale_input=lambda L: L, centers=centers)
    colorizer = Colorizer(net)
    torch.testing.assert_close(colorizer(torch.zeros(1, 1, 16, 16))[0, :, 5, 7], torch.tensor(centers[200]))
    assert not colorizer.state_dict()
