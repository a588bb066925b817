"""A whole one-shot search as one ``torch.nn.Module``: the only thing that NASLib's checkpoints keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

COUNTERS = "counters"
"""Steps done so far."""


class SearchModule(nn.Module):
    """Saves and restores a ``OneShotOptimizer`` as named tensors, without pickles.

    ``state_dict`` holds the supernet (``supernet.``), what the method learns beside it (``architecture.``), the moments
    of both optimizers (``op_optimizer.``, ``arch_optimizer.``) and the number of steps. Moments are there once the
    optimizer has made a step. Called with images it is the supernet with its mean architecture.
    """

    def __init__(self, optimizer: Any) -> None:
        super().__init__()
        self.supernet: nn.Module = optimizer.supernet
        self.architecture: nn.Module = optimizer.architecture
        self._search: list[Any] = [optimizer]  # in a list, lest torch looks into it

    def forward(self, images: Tensor) -> Tensor:
        """(batch, classes) logits of the supernet, its operations mixed by the current distribution."""
        mixture = torch.as_tensor(self._search[0].distribution, dtype=torch.float32, device=images.device)
        logits: Tensor = self.supernet(images, mixture)
        return logits

    def state_dict(self, *_: Any, **__: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Name -> tensor."""
        state = {
            **{f"supernet.{name}": value for name, value in self.supernet.state_dict().items()},
            **{f"architecture.{name}": value for name, value in self.architecture.state_dict().items()},
            COUNTERS: torch.tensor([self._search[0].steps]),
        }
        for prefix, optimizer in self._optimizers():
            for number, parameter in enumerate(_parameters(optimizer)):
                for name, value in optimizer.state.get(parameter, {}).items():
                    if isinstance(value, Tensor):
                        state[f"{prefix}.{number}.{name}"] = value
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], *_: Any, **__: Any) -> Any:
        """Restores the search; names of missing and unexpected keys as torch gives them."""
        missing: list[str] = []
        unexpected: list[str] = []
        for prefix, module in (("supernet", self.supernet), ("architecture", self.architecture)):
            keys = module.load_state_dict(_below(prefix, state_dict), strict=False)
            missing += [f"{prefix}.{name}" for name in keys.missing_keys]
            unexpected += [f"{prefix}.{name}" for name in keys.unexpected_keys]
        if COUNTERS in state_dict:
            self._search[0].steps = int(state_dict[COUNTERS][0])
        for prefix, optimizer in self._optimizers():
            _load_moments(optimizer, _below(prefix, state_dict))
        return torch.nn.modules.module._IncompatibleKeys(missing, unexpected)

    def _optimizers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        for prefix in ("op_optimizer", "arch_optimizer"):
            optimizer = getattr(self._search[0], prefix)
            if optimizer is not None:
                yield prefix, optimizer


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _below(prefix: str, state: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}


def _load_moments(optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    parameters = _parameters(optimizer)
    optimizer.state.clear()
    for key, value in moments.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        device = value.device if name == "step" else parameter.device  # torch keeps the number of steps on the CPU
        optimizer.state[parameter][name] = value.detach().clone().to(device)
