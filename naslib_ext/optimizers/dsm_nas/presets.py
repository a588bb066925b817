"""The settings of DSM-NAS: the paper's constants, and presets that set several at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from naslib_ext.optimizers.dsm_nas.subspace_graph import SCALES
from naslib_ext.parameters import Parameter


@dataclass(frozen=True)
class Preset(Parameter):
    """A parameter whose value, where none is given, is the preset's. ``default`` is ``None``, ``paper`` the paper's."""

    paper: Any = None

    def check(self, value: Any, where: str) -> Any:
        """``None``, or ``value`` in the type of the paper's."""
        if value is None:
            return None
        return Parameter(self.paper, self.help, self.minimum, self.maximum, self.choices).check(value, where)


def _preset(paper: Any, text: str, **limits: Any) -> Preset:
    return Preset(None, f"{text} (paper: {paper})", paper=paper, **limits)


PARAMETERS: dict[str, Parameter] = {
    "preset": Parameter("paper", "what null stands for below: paper or tuned", choices=("paper", "tuned")),
    "num_subspaces": _preset(4, "K, candidate subspaces", minimum=1),
    "distance": _preset(4, "M, edits from a centre to an architecture", minimum=1),
    "learning_rate": _preset(1e-2, "of Adam; 0 leaves the policy untrained", minimum=0),
    "weight_decay": _preset(0.0, "of Adam", minimum=0),
    "entropy_weight": _preset(7.5e-4, "weight of the policy's entropy", minimum=0),
    "baseline_decay": _preset(0.9, "of the moving average of rewards", minimum=0, maximum=1),
    "subspace_limit": _preset(1.5, "bound of the logits of subspaces", minimum=0),
    "local_limit": _preset(0.6, "bound of the logits of components and operations", minimum=0),
    "width": _preset(64, "of embeddings and hidden states", minimum=1),
    "score_feature": _preset("standard", "how nodes show their score", choices=SCALES),
    "context": _preset("slot", "what the local policy reads of the subspace", choices=("slot", "centre")),
    "reward": _preset("improvement", "of an architecture", choices=("improvement", "absolute", "rank")),
    "policy": _preset("learned", "random draws every decision uniformly", choices=("learned", "random")),
    "use_graph": _preset(True, "false treats the subspaces as separate points"),
    "update_subspaces": _preset(True, "a better architecture becomes the centre of its subspace"),
    "avoid_repeats": _preset(False, "last edits that lead to a known or barred architecture have probability 0"),
    "replace_exhausted": _preset(False, "a centre without new neighbours gives way to a random one"),
    "rank_weight": _preset(0.0, "logit that a subspace gains with each worse centre", minimum=0),
    "failure_weight": _preset(0.0, "logit that a subspace loses while all of its single edits fail", minimum=0),
    "critic_weight": _preset(0.0, "logit of an edit that gains one unexplained deviation by the critic", minimum=0),
    "exploration": _preset(0.0, "share of the iterations in which the critic is not heard", minimum=0, maximum=1),
    "limit_score": Parameter("", "free score that bars architectures above the limit from being a centre"),
    "limit": Parameter(0.0, "the limit, in the unit of limit_score"),
    "time_limit": Parameter(0.0, "simulated seconds after which the search stops; 0 is none", minimum=0),
    "initial": Parameter([], "architectures (lists of integers) to start from instead of random ones"),
    "warm_start": Parameter("", "run folder whose final subspaces are started from (DSM-NAS+)"),
}

TUNED: dict[str, Any] = {
    "num_subspaces": 20,
    "distance": 1,
    "context": "centre",
    "avoid_repeats": True,
    "replace_exhausted": True,
    "rank_weight": 1.0,
    "failure_weight": 2.0,
    "critic_weight": 2.0,
    "exploration": 0.5,
}


def resolve(settings: dict[str, Any]) -> dict[str, Any]:
    """``settings`` with the preset's value wherever none is given."""
    tuned = TUNED if settings["preset"] == "tuned" else {}
    resolved = dict(settings)
    for name, parameter in PARAMETERS.items():
        if isinstance(parameter, Preset) and resolved[name] is None:
            resolved[name] = tuned.get(name, parameter.paper)
    return resolved
