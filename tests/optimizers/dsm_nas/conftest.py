"""Small policies with random weights and graphs."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from naslib_ext.optimizers.dsm_nas.controller import Controller, Learning
from naslib_ext.optimizers.dsm_nas.edits import Edits
from naslib_ext.optimizers.dsm_nas.policy import Observation, PolicyShape
from naslib_ext.optimizers.dsm_nas.subspace_graph import SubspaceGraph
from naslib_ext.search_spaces import CategoricalSearchSpace, SearchSpace

SMALL = CategoricalSearchSpace("small", [3, 2, 3])


def graph_of(space: SearchSpace, size: int, seed: int) -> SubspaceGraph:
    rng = np.random.default_rng(seed)
    graph = SubspaceGraph(space, size)
    for code in space.sample(size, rng):
        graph.offer(code, float(rng.uniform(60, 90)))
    return graph


def observe(graphs: list[SubspaceGraph]) -> Observation:
    features, slots, codes = (np.stack(parts) for parts in zip(*(graph.nodes() for graph in graphs), strict=True))
    return Observation(features, slots, codes, np.zeros(slots.shape))


@pytest.fixture
def make_controller() -> Callable[..., Controller]:
    """A controller of ``space`` with weights large enough to matter."""

    def make(
        space: SearchSpace = SMALL, seeds: tuple[int, ...] = (0,), size: int = 3, distance: int = 2, scale: float = 1.0,
        learning: Learning | None = None, dtype: torch.dtype = torch.float64, width: int = 6, **options: object,
    ) -> Controller:  # fmt: skip
        edits = Edits(space)
        shape = PolicyShape(
            int(space.cardinalities.sum()) + 1, size, distance, space.num_positions, edits.num_operations, width,
            **options,  # type: ignore[arg-type]
        )  # fmt: skip
        controller = Controller(shape, edits, learning or Learning(), seeds, dtype)
        controller.load_weights(controller.state()["weights"] * scale)
        return controller

    return make
