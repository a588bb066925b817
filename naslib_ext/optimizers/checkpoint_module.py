"""An optimizer's state dressed as a ``torch.nn.Module``: the only thing that NASLib's checkpoints keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from naslib_ext.state_file import decode_state, encode_state

KEY = "optimizer_state"


class StateModule(torch.nn.Module):
    """Saves and restores ``optimizer`` (anything with ``state_dict`` and ``load_state_dict``) as one byte tensor."""

    def __init__(self, optimizer: Any) -> None:
        super().__init__()
        self._optimizer: list[Any] = [optimizer]  # in a list, lest torch looks into it

    def state_dict(self, *_: Any, **__: Any) -> dict[str, Any]:  # type: ignore[override]
        """``{"optimizer_state": (bytes,) uint8 tensor}``; empty before the first query."""
        state = self._optimizer[0].state_dict()
        # An entry that is there before loading would be compared by shape, and a longer one dropped.
        if not len(state["codes"]):
            return {}
        return {KEY: torch.from_numpy(np.frombuffer(encode_state(state), dtype=np.uint8).copy())}

    def load_state_dict(self, state_dict: Any, *_: Any, **__: Any) -> Any:
        """Restores the optimizer; names of missing and unexpected keys as torch gives them."""
        if KEY in state_dict:
            self._optimizer[0].load_state_dict(decode_state(state_dict[KEY].numpy().tobytes(), "checkpoint"))
        return torch.nn.modules.module._IncompatibleKeys([], [])
