"""Proxies that ask whether a network tells the images of a batch apart: jacov, naswot."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from naslib_ext.parameters import Parameter
from naslib_ext.proxies.base import Proxy


class JacobianCovariance(Proxy):
    """Jacobian covariance (Mellor et al., "Neural Architecture Search without Training", first version, 2020).

    ``score = -sum over i of (log(v_i + k) + 1 / (v_i + k))`` with v the eigenvalues of the correlation matrix
    (batch, batch) of the rows d(sum of logits)/dx_b, one flattened row an image.
    """

    name = column = "jacov"
    parameters = {"k": Parameter(1e-5, "added to every eigenvalue", minimum=0)}

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        images = inputs.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network(images).sum(), images)
        rows = gradient.flatten(1).double().numpy()
        if (rows.std(axis=1) == 0).any():
            return float("nan")  # a row without variation correlates with nothing
        values = np.linalg.eigvalsh(np.corrcoef(rows)) + self.settings["k"]
        if (values <= 0).any():
            return float("nan")
        return float(-(np.log(values) + 1 / values).sum())


class NASWOT(Proxy):
    """NASWOT (Mellor et al., "Neural Architecture Search without Training", ICML 2021, equation 2).

    ``score = log |det K|``, ``K_ab = number of ReLU units that are both on or both off for images a and b``, over
    all ReLU layers.

    Differences from the paper: none. Only ``nn.ReLU`` modules are seen, no ReLU that a module calls as a function.
    """

    name = "naswot"
    column = "nwot"

    @torch.no_grad()
    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        kernel = torch.zeros(len(inputs), len(inputs), dtype=torch.float64)

        def count(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            on = (arguments[0].flatten(1) > 0).float()  # counts stay below 2^24: exact
            kernel.add_(on @ on.T + (1 - on) @ (1 - on).T)

        handles = [m.register_forward_pre_hook(count) for m in network.modules() if isinstance(m, nn.ReLU)]
        try:
            network(inputs)
        finally:
            for handle in handles:
                handle.remove()
        return float(torch.linalg.slogdet(kernel).logabsdet)
