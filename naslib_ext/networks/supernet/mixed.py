"""One edge of a supernet: every candidate operation, and a weighted sum of those asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn

from naslib_ext.networks.supernet.norms import batch_statistics

Term = tuple[int, Tensor | None]
"""An operation's number and its weight, a tensor without axes; ``None`` for the only operation of a path."""
Terms = list[list[Term]]
"""For each edge the operations to compute."""


class MixedOperation(nn.Module):
    """All ``operations`` of an edge, which map (batch, c_in, h, w) to equal shapes."""

    def __init__(self, operations: Iterable[nn.Module]) -> None:
        super().__init__()
        self.operations = nn.ModuleList(batch_statistics(operation, affine=False) for operation in operations)

    def forward(self, x: Tensor, terms: Sequence[Term]) -> Tensor:
        """The sum of ``terms``, at least one, on ``x`` (batch, c_in, h, w)."""
        total: Tensor | None = None
        for number, weight in terms:
            out = self.operations[number](x)
            out = out if weight is None else weight * out
            total = out if total is None else total + out
        assert total is not None
        return total
