"""An LSTM over a short sequence for many networks at once, each with its own weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def lstm_cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """One step: the new hidden state and cell (S, h) from gates (S, 4h), in the order input, forget, output, cell."""
    width = cell.shape[1]
    opened = torch.sigmoid(gates[:, : 3 * width])
    cell = opened[:, width : 2 * width] * cell + opened[:, :width] * torch.tanh(gates[:, 3 * width :])
    return opened[:, 2 * width :] * torch.tanh(cell), cell


class LSTM(torch.autograd.Function):
    """Hidden states (S, T, h) of S networks, from zero states.

    ``apply(inputs, recurrent)``: ``inputs`` (S, T, 4h) are the gates without their recurrent part, ``recurrent``
    (S, h, 4h) are the recurrent weights. torch's own LSTM has one set of weights for all rows; its gradient step by
    step would add up T outer products a network, here they are one product of matrices.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, recurrent: Tensor) -> Tensor:
        size, steps, width = inputs.shape[0], inputs.shape[1], recurrent.shape[1]
        gates = torch.empty_like(inputs)
        hidden, cells = inputs.new_zeros(2, size, steps + 1, width)
        for t in range(steps):
            now = torch.baddbmm(inputs[:, t, None], hidden[:, t, None], recurrent)[:, 0]
            gates[:, t, : 3 * width] = torch.sigmoid(now[:, : 3 * width])
            gates[:, t, 3 * width :] = torch.tanh(now[:, 3 * width :])
            entering, kept, leaving, content = gates[:, t].split(width, dim=1)
            cells[:, t + 1] = kept * cells[:, t] + entering * content
            hidden[:, t + 1] = leaving * torch.tanh(cells[:, t + 1])
        ctx.save_for_backward(gates, hidden, cells, recurrent)
        return hidden[:, 1:]

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor]:
        gates, hidden, cells, recurrent = ctx.saved_tensors
        (of_hidden,) = outputs
        steps, width = of_hidden.shape[1], of_hidden.shape[2]
        entering, kept, leaving, content = gates.split(width, dim=2)
        squashed = torch.tanh(cells[:, 1:])
        # derivatives of the cell by its three gates, and of the hidden state by its gate, at all steps at once
        by_gates = (
            content * entering * (1 - entering),
            cells[:, :-1] * kept * (1 - kept),
            entering * (1 - content * content),
        )
        by_leaving, by_cell = squashed * leaving * (1 - leaving), leaving * (1 - squashed * squashed)
        of_gates = torch.empty_like(gates)
        of_cell = torch.zeros_like(cells[:, 0])
        now = of_hidden[:, -1]
        for t in reversed(range(steps)):
            of_cell = of_cell + now * by_cell[:, t]
            for place, derivative in zip((0, 1, 3), by_gates, strict=True):
                of_gates[:, t, place * width : (place + 1) * width] = of_cell * derivative[:, t]
            of_gates[:, t, 2 * width : 3 * width] = now * by_leaving[:, t]
            of_cell = of_cell * kept[:, t]
            if t:
                now = torch.baddbmm(of_hidden[:, t - 1, None], of_gates[:, t, None], recurrent.transpose(1, 2))[:, 0]
        return of_gates, torch.bmm(hidden[:, :-1].transpose(1, 2), of_gates)
