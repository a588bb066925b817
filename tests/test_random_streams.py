from itertools import product

import numpy as np
import pytest

from naslib_ext.random_streams import stream


def draw(*names: object) -> tuple[int, ...]:
    return tuple(stream(*names).integers(0, 2**62, 4).tolist())  # type: ignore[arg-type]


def test_the_name_decides() -> None:
    assert draw(3, "ask", 7) == draw(3, "ask", 7)
    assert draw(3, "ask") == draw(3, "ask", 0)


def test_other_names_are_other_streams() -> None:
    names = list(product((0, 1, 2, 2**31, 2**32, 2**64), ("ask", "Ask", "split", ""), (0, 1, 2, 10_000)))
    assert len({draw(*name) for name in names}) == len(names)


def test_drawing_from_one_leaves_the_others_alone() -> None:
    first = stream(0, "ask", 1)
    first.random(1_000)
    before = np.random.get_state()[1].tolist()
    assert draw(0, "ask", 2) == draw(0, "ask", 2)
    assert np.random.get_state()[1].tolist() == before


def test_the_numbers_are_the_same_everywhere() -> None:
    """A checkpoint goes on only while these stay."""
    assert stream(0, "ask", 0).integers(0, 1_000, 5).tolist() == EXPECTED
    assert stream(7, "split", 3).bit_generator.state["bit_generator"] == "PCG64"


def test_consecutive_steps_are_unrelated() -> None:
    values = np.array([stream(0, "ask", step).random(4) for step in range(2_000)])
    assert abs(values.mean(axis=0) - 0.5).max() < 0.03
    assert abs(np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]) < 0.08
    assert abs(np.corrcoef(values.T) - np.eye(4)).max() < 0.08


@pytest.mark.parametrize("seed", [-1, -(2**40)])
def test_negative_seeds_are_refused(seed: int) -> None:
    with pytest.raises(ValueError):
        stream(seed, "ask")


EXPECTED = [602, 217, 358, 560, 196]
