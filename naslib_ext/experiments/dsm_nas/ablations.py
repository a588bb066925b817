"""The ablations of section V of DSM-NAS, and those of the tuned preset."""

from __future__ import annotations

from typing import Any

import numpy as np

from naslib_ext.experiments.dsm_nas.study import UNTRAINED, Runs, Settings, Study, collect, run_dsm, run_other
from naslib_ext.optimizers.dsm_nas.edits import Edits
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.distinct import distinct

UNIFORM = {"policy": "random"}

PAPER: dict[str, dict[str, Settings]] = {
    "update": {
        "dsm_nas": {},
        "no update": {"update_subspaces": False},
        "random with update": UNIFORM,
        "untrained": UNTRAINED,
    },
    "reward": {"improvement": {}, "absolute": {"reward": "absolute"}},
    "graph": {"graph": {}, "no graph": {"use_graph": False}},
    "K": {f"K = {k}": {"num_subspaces": k} for k in (1, 2, 4, 10, 20)},
    "M": {f"M = {m}": {"distance": m} for m in (1, 2, 3, 4, 6)},
}
"""Panel -> variant -> settings that differ (figures 7, 8 and 9)."""

TUNED: dict[str, dict[str, Settings]] = {
    "tuned": {
        "tuned": {},
        "no critic": {"critic_weight": 0.0},
        "no exploration": {"exploration": 0.0},
        "no rank weight": {"rank_weight": 0.0},
        "no failure weight": {"failure_weight": 0.0},
        "exhausted kept": {"replace_exhausted": False},
        "repeats": {"replace_exhausted": False, "avoid_repeats": False},
        "K = 4": {"num_subspaces": 4},
        "M = 2": {"distance": 2},
        "M = 4": {"distance": 4},
    },
    "learning": {
        "learned": {},
        "untrained": UNTRAINED,
        "reward by rank": {"reward": "rank"},
        "wider limits": {"subspace_limit": 2.5, "local_limit": 2.5},
        "slot context": {"context": "slot"},
        "no critic": {"critic_weight": 0.0},
        "no critic, untrained": {"critic_weight": 0.0, **UNTRAINED},
    },
}
"""The same for the tuned preset: its rules, and what its policy learns."""

PANELS = (*PAPER, *TUNED)


def ablate(study: Study, panel: str, settings: Settings) -> dict[str, Runs]:
    """Runs the variants of one of ``PANELS`` on ``settings``."""
    base: dict[str, Any] = {**({"preset": "tuned"} if panel in TUNED else {}), **settings}
    runs = {name: run_dsm(study, {**base, **changes}) for name, changes in (PAPER | TUNED)[panel].items()}
    if panel == "update":
        runs["random, overall"] = run_other(study, "rs")
        runs["random, mined"] = random_in_mined(study, runs["dsm_nas"], int(base.get("distance") or 4))
    return runs


def random_in_mined(study: Study, mined: Runs, distance: int) -> Runs:
    """Random search in the subspaces that DSM-NAS ended with (figure 7), at the same number of queries.

    Each architecture is the best final centre of its seed with ``distance`` random edits; repeats are drawn again.
    """
    histories = []
    for seed, centers in enumerate(mined.centers):
        best = centers[study.evaluate(centers).argmax()]
        codes = _random_edits(study, best, distance, seed)
        histories.append((codes, study.evaluate(codes)))
    return collect(histories, study.budget)


def _random_edits(study: Study, center: Codes, distance: int, seed: int) -> Codes:
    """(m, L) distinct architectures within ``distance`` edits of ``center`` (L,), at most the study's budget."""
    space, rng = study.benchmark.space, stream(seed, "random in mined")
    edits = Edits(space)
    codes = np.repeat(center[None], 20 * study.budget, axis=0)
    for _ in range(distance):
        edited, valid = edits.neighborhood(codes)
        layers = rng.integers(0, space.num_positions, len(codes))
        rows = np.arange(len(codes))
        order = np.where(valid[rows, layers], rng.random(valid.shape[::2]), -1.0)
        codes = edited[rows, layers, order.argmax(axis=1)]
    return codes[distinct(space, codes, study.benchmark.key)][: study.budget]
