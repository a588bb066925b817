"""A shrunk search space as an object with NASLib's graph protocol."""

from __future__ import annotations

from numpy.typing import ArrayLike

from naslib_ext.benchmarks import Benchmark
from naslib_ext.naslib_bridge.adapters.light import LightArchitecture
from naslib_ext.naslib_bridge.adapters.moves import MOVES, OWN_MOVES
from naslib_ext.shrinkage import ShrunkSearchSpace


class ShrunkArchitecture(LightArchitecture):
    """A light architecture that stays in a shrunk space: NASLib's own optimizers search it unchanged.

    ``sample_random_architecture``, ``mutate``, ``get_nbhd`` and ``get_arch_iterator`` give members alone, by the
    space's own moves, seeded from ``numpy.random``. A member without neighbours inside has an empty ``get_nbhd`` and
    mutates into another member. Its type is the whole space's, so that NASLib's predictors and encodings know it.

    Args:
        space: the shrunk space.
        benchmark: of the whole space; answers the queries.
        code: (L,) a member; ``None`` leaves it blank.
        metric: what NASLib's validation accuracy means here.

    Raises ``InvalidArchitecture`` where ``code`` is no member.
    """

    space: ShrunkSearchSpace

    def __init__(
        self,
        space: ShrunkSearchSpace,
        benchmark: Benchmark,
        code: ArrayLike | None = None,
        metric: str = "val_accuracy",
    ) -> None:
        super().__init__(space, benchmark, code, metric)
        whole = MOVES.get(space.parent.name)
        self._moves = OWN_MOVES._replace(encoder=whole.encoder if whole is not None else None)

    def get_type(self) -> str:
        """Name of the whole search space."""
        return self.space.parent.name
