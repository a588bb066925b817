"""Many NAS-Bench-201 networks as one: each layer of all of them is one grouped convolution.

A small network leaves a processor idle between its many small operations; side by side, A networks of one skeleton
cost a fraction of A networks one after the other. Feature maps are (batch, A * C, h, w), network by network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from naslib_ext.networks.nasbench201 import NASBench201Network
from naslib_ext.networks.primitives import Edge, ResidualBlock, SummedCell, Zero

Stacked = TypeVar("Stacked", nn.Conv2d, nn.BatchNorm2d)


class GroupedNASBench201(nn.Module):
    """Networks of equal sizes, with the weights that they have, to be trained on the same batches.

    ``forward`` maps images (batch, in_channels, h, w) to logits (batch, A, num_classes). The sum of the A losses is
    to be minimised: no weight, gradient or statistic of one network depends on another. Operations that do not reach
    the output are left out; they change no result.
    """

    def __init__(self, networks: Sequence[NASBench201Network]) -> None:
        super().__init__()
        self.size = len(networks)
        self.stem = _stack(_layers([network.stem for network in networks]), groups=1)
        bodies = zip(*(network.body for network in networks), strict=True)
        self.body = nn.Sequential(*(_stack_block(list(blocks)) for blocks in bodies))
        self.last = nn.Sequential(_stack_norms([network.last[0] for network in networks]), nn.ReLU())
        linear = [network.classifier.state_dict() for network in networks]
        self.weight = nn.Parameter(torch.stack([state["weight"].T for state in linear]))
        self.bias = nn.Parameter(torch.stack([state["bias"] for state in linear]))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, A, num_classes) logits of the images ``x`` (batch, in_channels, h, w)."""
        features = self.last(self.body(self.stem(x))).mean(dim=(2, 3))
        logits: Tensor = torch.einsum("baf,afk->bak", features.unflatten(1, (self.size, -1)), self.weight) + self.bias
        return logits


class _GroupedCell(nn.Module):
    """The cells at one place of all networks: on each edge the networks are sorted by what they do there."""

    def __init__(self, cells: Sequence[SummedCell]) -> None:
        super().__init__()
        self.size = len(cells)
        self.num_nodes = 1 + max(target for _, target in cells[0].edges)
        live = [live_edges(cell) for cell in cells]
        self.terms = nn.ModuleList()
        for position, edge in enumerate(cells[0].edges):
            here = {a: cell.operations[position] for a, cell in enumerate(cells) if edge in live[a]}
            for kind in dict.fromkeys(map(_kind, here.values())):
                members = [a for a, operation in here.items() if _kind(operation) == kind]
                self.terms.append(_Term(edge, members, _stack_block([here[a] for a in members])))

    def forward(self, x: Tensor) -> Tensor:
        nodes = [x.unflatten(1, (self.size, -1))]
        nodes += [torch.zeros_like(nodes[0]) for _ in range(1, self.num_nodes)]
        for source in range(self.num_nodes - 1):  # complete now: all edges into it come from nodes before it
            terms = [term for term in self._terms() if term.edge[0] == source]
            copies = _Copies.apply(nodes[source], *(term.members for term in terms))
            for term, copy in zip(terms, copies, strict=True):
                nodes[term.edge[1]].index_add_(1, term.members, term(copy))
        return nodes[-1].flatten(1, 2)

    def _terms(self) -> Iterator[_Term]:
        yield from self.terms  # type: ignore[misc]


class _Term(nn.Module):
    """What ``members`` (m,) of the networks do on one edge, all the same operation: (batch, m, C, h, w) to the same."""

    members: Tensor

    def __init__(self, edge: Edge, members: list[int], block: nn.Module) -> None:
        super().__init__()
        self.edge = edge
        self.block = block
        self.register_buffer("members", torch.tensor(members), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x.flatten(1, 2)).unflatten(1, (len(self.members), -1))
        return out


class _Copies(torch.autograd.Function):
    """Several ``index_select`` along axis 1 of one tensor. Their gradients go into one tensor, not into one each."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *members: Tensor) -> tuple[Tensor, ...]:
        ctx.shape, ctx.members = x.shape, members
        return tuple(x.index_select(1, chosen) for chosen in members)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        total = gradients[0].new_zeros(ctx.shape)
        for chosen, gradient in zip(ctx.members, gradients, strict=True):
            total.index_add_(1, chosen, gradient)
        return total, *(None for _ in ctx.members)


class _MatrixPool(nn.Module):
    """A pooling that keeps the size, as one product with a (h * w, h * w) matrix: far faster on small images."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        pixels = torch.eye(height * width, dtype=x.dtype, device=x.device).unflatten(1, (1, height, width))
        return (x.flatten(2) @ self.pool(pixels).flatten(1)).unflatten(2, (height, width))


class _GroupedResidual(nn.Module):
    def __init__(self, blocks: Sequence[ResidualBlock]) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            *(_stack_block(list(parts)) for parts in zip(*(b.convs for b in blocks), strict=True))
        )
        self.shortcut = nn.Sequential(blocks[0].shortcut[0], _stack_convs([block.shortcut[1] for block in blocks]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut(x) + self.convs(x)
        return out


def live_edges(cell: SummedCell) -> set[Edge]:
    """The edges of ``cell`` that reach its output. What hangs on a node without input counts: its biases are learnt."""
    present = [e for e, operation in zip(cell.edges, cell.operations, strict=True) if not isinstance(operation, Zero)]
    reaching = {max(target for _, target in cell.edges)}
    for source, target in reversed(present):  # sorted by target
        reaching |= {source} if target in reaching else set()
    return {(source, target) for source, target in present if target in reaching}


def _kind(operation: nn.Module) -> tuple[object, ...]:
    convs = [module for module in operation.modules() if isinstance(module, nn.Conv2d)]
    return type(operation), *(conv.kernel_size for conv in convs)


def _stack_block(blocks: list[nn.Module]) -> nn.Module:
    """One module that does for all networks what ``blocks`` do for one each."""
    first = blocks[0]
    if isinstance(first, SummedCell):
        return _GroupedCell(blocks)  # type: ignore[arg-type]
    if isinstance(first, ResidualBlock):
        return _GroupedResidual(blocks)  # type: ignore[arg-type]
    if isinstance(first, nn.Sequential):
        return _stack(_layers(blocks), groups=len(blocks))
    if isinstance(first, nn.AvgPool2d):
        return _MatrixPool(first)
    return first  # no weights: the same for every network


def _layers(blocks: Sequence[nn.Module]) -> list[tuple[nn.Module, ...]]:
    return list(zip(*(list(block) for block in blocks), strict=True))  # type: ignore[call-overload]


def _stack(layers: Sequence[tuple[nn.Module, ...]], groups: int) -> nn.Sequential:
    stacked: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer[0], nn.Conv2d):
            stacked.append(_stack_convs(layer, groups))
        else:
            stacked.append(_stack_norms(layer) if isinstance(layer[0], nn.BatchNorm2d) else layer[0])
    return nn.Sequential(*stacked)


def _stack_convs(convs: Sequence[nn.Module], groups: int | None = None) -> nn.Conv2d:
    """One convolution with a group for each of ``convs``; ``groups=1`` where all read the same input."""
    first: Any = convs[0]
    groups = groups or len(convs)
    inputs, outputs = first.in_channels * groups, first.out_channels * len(convs)
    stacked = nn.Conv2d(inputs, outputs, first.kernel_size, first.stride, first.padding, groups=groups, bias=False)
    return _fill(stacked, convs)


def _stack_norms(norms: Sequence[nn.Module]) -> nn.BatchNorm2d:
    first: Any = norms[0]
    return _fill(nn.BatchNorm2d(first.num_features * len(norms)), norms)


def _fill(stacked: Stacked, modules: Sequence[nn.Module]) -> Stacked:
    """Fills ``stacked`` with the tensors of ``modules``, one after the other along the first axis."""
    states = [module.state_dict() for module in modules]
    stacked.load_state_dict(
        {
            name: torch.cat([state[name] for state in states]) if first.ndim else first
            for name, first in states[0].items()
        }
    )
    return stacked
