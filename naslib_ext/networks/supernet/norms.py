"""Batch normalisation in a supernet: the statistics of the batch at hand, whatever the mode."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def batch_statistics(module: Module, affine: bool) -> Module:
    """``module``, changed: its batch normalisations forget running statistics, and without ``affine`` scale and shift.

    Fresh scales are 1 and shifts 0, so that a fresh module computes what it did in training mode.
    """
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None
            if not affine:
                layer.affine = False
                layer.register_parameter("weight", None)
                layer.register_parameter("bias", None)
    return module
