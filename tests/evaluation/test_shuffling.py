"""The floor `shuffled` must borrow other photographs' colours: a picture that keeps its own would make the floor look good."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.evaluation.shuffling import donors


@pytest.mark.parametrize("counts", [[1] * 7, [3, 3, 3], [5, 1, 4], [2, 2], [1, 1, 2]])
def test_everyone_gives_once_and_nobody_to_the_own_photograph(counts):
    photographs = np.repeat([f"p{place}" for place in range(len(counts))], counts)
    given = donors(photographs, seed=3)
    assert sorted(given.tolist()) == list(range(len(photographs)))
    assert (photographs[given] != photographs).all()


def test_one_photograph_with_most_of_the_pictures():
    """No permutation can do it: others give more than once, and still nobody to the own photograph."""
    photographs = np.array(["a"] * 9 + ["b"] * 2)
    given = donors(photographs, seed=0)
    assert (photographs[given] != photographs).all()


def test_a_single_photograph_gives_other_tiles_and_a_single_picture_itself():
    given = donors(np.array(["a"] * 6), seed=0)
    assert (given != np.arange(6)).all()
    assert sorted(given.tolist()) == list(range(6))
    assert donors(np.array(["a"]), seed=0).tolist() == [0]


def test_is_seeded():
    photographs = np.repeat([f"p{place}" for place in range(20)], 2)
    assert donors(photographs, seed=1).tolist() == donors(photographs, seed=1).tolist()
    assert donors(photographs, seed=1).tolist() != donors(photographs, seed=2).tolist()
