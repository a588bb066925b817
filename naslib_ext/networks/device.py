"""Where networks run, and in which precision."""

from __future__ import annotations

import torch

from naslib_ext.errors import ConfigError


def named_device(name: str) -> torch.device:
    """``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU where there is one. Raises ``ConfigError``.

    The device may be another machine's; ``require`` says whether this one has it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device: expected cpu, cuda, cuda:1 or auto, got {name!r}") from error


def require(device: torch.device) -> torch.device:
    """``device``. Raises ``ConfigError`` where it is a GPU that this machine does not have."""
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"device: there is no {device} here; torch finds {torch.cuda.device_count()} GPUs")
    return device


def precision(device: torch.device, mixed: bool | None = None) -> torch.autocast:
    """The context of a forward pass on ``device``.

    Args:
        mixed: whether sums are done in bfloat16 where torch's automatic mixed precision does so; ``None`` is on a GPU
            that computes in bfloat16 itself. Weights stay float32.
    """
    if mixed is None:
        mixed = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)
