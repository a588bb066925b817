"""What is remembered of an architecture between asking for it and its answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from naslib_ext.optimizers.dsm_nas.policy import Decisions


class Proposal(NamedTuple):
    """An architecture that has been asked for: from the subspace of which ``slot``, whose centre had which ``score``.

    ``decisions`` (of one policy) are ``None`` where an exhausted centre gives way to a random architecture.
    """

    slot: int
    score: float
    decisions: Decisions | None


def pack(key: bytes, proposal: Proposal) -> dict[str, Any]:
    """Plain values and arrays for a checkpoint; ``key`` is the architecture's."""
    decisions = None if proposal.decisions is None else proposal.decisions._asdict()
    score = np.float64(proposal.score)
    return {"key": np.frombuffer(key, np.int8), "slot": proposal.slot, "score": score, "decisions": decisions}


def unpack(packed: dict[str, Any]) -> tuple[bytes, Proposal]:
    """The inverse of ``pack``."""
    decisions = None if packed["decisions"] is None else Decisions(**packed["decisions"])
    return packed["key"].tobytes(), Proposal(int(packed["slot"]), float(packed["score"]), decisions)
