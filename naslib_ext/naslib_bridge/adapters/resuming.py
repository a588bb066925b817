"""The whole state of one of NASLib's own discrete optimizers on light objects, so that its checkpoints resume it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from naslib_ext.naslib_bridge.adapters.light import LightArchitecture


class SearchState:
    """Saves and restores everything that ``optimizer`` has found and what the global random generators stand at.

    NASLib's optimizers keep *models* (modules with an architecture ``arch`` and its ``accuracy``) in several lists at
    once, next to plain numbers; all attributes that hold these are kept, whatever their names. A model that is in two
    lists is one model again afterwards.

    Args:
        optimizer: one that has been adapted to a light object.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Plain values and arrays; ``codes`` is empty before the first query."""
        numbered: dict[int, tuple[int, Any]] = {}  # each model once, by its identity
        attributes = {}
        for name, value in vars(self._optimizer).items():
            packed = _pack(value, numbered)
            if packed is not None:
                attributes[name] = packed
        models = [model for _, model in numbered.values()]
        return {
            "codes": [model.arch.get_hash() for model in models],
            "evaluated": np.array([hasattr(model, "accuracy") for model in models]),
            "accuracies": np.array([float(getattr(model, "accuracy", np.nan)) for model in models]),
            "zc_scores": [getattr(model, "zc_scores", None) for model in models],
            "attributes": attributes,
            "random": _random_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave, and repeats what NASLib's Trainer does after it saves a checkpoint."""
        blank = self._optimizer.search_space
        accuracies = [
            value if evaluated else None
            for evaluated, value in zip(state["evaluated"].tolist(), state["accuracies"].tolist(), strict=True)
        ]
        rows = zip(state["codes"], accuracies, state["zc_scores"], strict=True)
        models = [_model(blank, *row) for row in rows]
        for name, packed in state["attributes"].items():
            setattr(self._optimizer, name, _unpack(packed, getattr(self._optimizer, name, None), models, blank))
        _set_random_state(state["random"])
        self._optimizer.test_statistics()


def _is_model(value: Any) -> bool:
    return isinstance(value, torch.nn.Module) and isinstance(getattr(value, "arch", None), LightArchitecture)


def _pack(value: Any, numbered: dict[int, tuple[int, Any]]) -> dict[str, Any] | None:
    """``value`` as numbers of models in ``numbered``, which grows, as specs or as it is; ``None`` for anything else."""

    def number(model: Any) -> int:
        return numbered.setdefault(id(model), (len(numbered), model))[0]

    if _is_model(value):
        return {"model": number(value)}
    if isinstance(value, list | deque | torch.nn.ModuleList):
        members: list[Any] = list(value)
        if all(map(_is_model, members)):
            return {"models": [number(model) for model in members]}
        if all(isinstance(member, LightArchitecture) for member in members):
            return {"archs": [member.get_hash() for member in members]}
        return None
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return {"value": value}
    return None


def _unpack(packed: dict[str, Any], present: Any, models: Sequence[Any], blank: LightArchitecture) -> Any:
    """The value that ``packed`` stands for, of the type of the attribute's present value."""
    ((kind, content),) = packed.items()
    if kind == "value":
        return content
    if kind == "model":
        return models[content]
    if kind == "archs":
        return [_architecture(blank, spec) for spec in content]
    chosen = [models[index] for index in content]
    if isinstance(present, torch.nn.ModuleList):
        return torch.nn.ModuleList(chosen)
    return deque(chosen, maxlen=present.maxlen) if isinstance(present, deque) else chosen


def _model(blank: LightArchitecture, spec: Any, accuracy: float | None, zc_scores: Any) -> Any:
    model: Any = torch.nn.Module()
    model.arch = _architecture(blank, spec)
    model.arch_hash = model.arch.get_hash()
    if accuracy is not None:
        model.accuracy = accuracy
    if zc_scores is not None:
        model.zc_scores = zc_scores
    return model


def _architecture(blank: LightArchitecture, spec: Any) -> LightArchitecture:
    arch = blank.clone()
    arch.set_spec(spec)
    return arch


def _random_state() -> dict[str, Any]:
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": {"version": version, "words": np.array(words, dtype=np.uint32), "gauss": gauss},
        "numpy": {"keys": keys, "position": position, "has_gauss": has_gauss, "cached": cached},
        "torch": torch.get_rng_state().numpy(),
    }


def _set_random_state(state: dict[str, Any]) -> None:
    python, numpy = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    np.random.set_state(("MT19937", numpy["keys"], numpy["position"], numpy["has_gauss"], numpy["cached"]))
    torch.set_rng_state(torch.from_numpy(state["torch"].copy()))
