"""Accuracies of architectures with a supernet's weights.

Normalisations use the statistics of the evaluation batch. The alternatives: running statistics of the training are
those of a mixture of paths, and fit none of them; recalibrated ones (Guo et al., ECCV 2020, section 3.4) cost every
architecture a pass over training images, and rest on a sample of images just as well. The price is that an accuracy
depends a little on how images are batched, so that all architectures are given the same large batches.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from naslib_ext.networks.supernet.base import Supernet

BATCH_SIZE = 500
"""Images whose statistics stand for those of all: at least about a hundred."""


@torch.no_grad()
def accuracies(
    supernet: Supernet, codes: ArrayLike, images: Tensor, labels: Tensor, batch_size: int = BATCH_SIZE
) -> NDArray[np.float64]:
    """(n,) accuracies in percent of the single paths of ``codes`` (n, L).

    Args:
        supernet: it is left as it was.
        codes: architectures of its space.
        images: (m, c, h, w), on the supernet's device.
        labels: (m,) classes.
        batch_size: images at a time at most; batches are equally large up to one image.
    """
    rows = supernet.space.check(codes)
    number = -(-len(labels) // batch_size)
    correct = torch.zeros(len(rows), dtype=torch.int64, device=labels.device)
    for x, y in zip(images.tensor_split(number), labels.tensor_split(number), strict=True):
        correct += torch.stack([(logits.argmax(dim=1) == y).sum() for logits in supernet.paths(x, rows)])
    return 100 * correct.cpu().numpy() / len(labels)
