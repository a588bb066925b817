"""Many NAS-Bench-201 networks as one: each layer of all of them is one grouped convolution.

A small network leaves a processor idle between its many small operations; side by side, A networks of one skeleton
cost a fraction of A networks one after the other. Feature maps are (batch, A * C, h, w), network by network.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        self.edges = cells[0].edges
        live = [live_edges(cell) for cell in cells]
        self.operations = nn.ModuleList()
        for position, edge in enumerate(self.edges):
            here = {a: cell.operations[position] for a, cell in enumerate(cells) if edge in live[a]}
            self.operations.append(_GroupedEdge(here))

    def forward(self, x: Tensor) -> Tensor:
        nodes = [x.unflatten(1, (self.size, -1))]
        for (source, target), edge in zip(self.edges, self.operations, strict=True):
            if target == len(nodes):
                nodes.append(torch.zeros_like(nodes[0]))
            for members, term in edge(nodes[source]):
                nodes[target].index_add_(1, members, term)  # complete before it is a source: edges go by target
        return nodes[-1].flatten(1, 2)


class _GroupedEdge(nn.Module):
    """One edge of all networks; gives (networks (a,), their terms (batch, a, C, h, w)) for each kind of operation."""

    def __init__(self, operations: dict[int, nn.Module]) -> None:
        super().__init__()
        self.kinds = nn.ModuleList()
        for kind in dict.fromkeys(map(_kind, operations.values())):
            members = [a for a, operation in operations.items() if _kind(operation) == kind]
            block = _stack_block([operations[a] for a in members])
            self.register_buffer(f"members_{len(self.kinds)}", torch.tensor(members), persistent=False)
            self.kinds.append(block)

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        terms = []
        for number, block in enumerate(self.kinds):
            members: Tensor = getattr(self, f"members_{number}")
            chosen = x if len(members) == x.shape[1] else x.index_select(1, members)
            terms.append((members, block(chosen.flatten(1, 2)).unflatten(1, (len(members), -1))))
        return terms


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
