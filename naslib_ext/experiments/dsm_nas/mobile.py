"""The MobileNet-like search of section IV-C, with Once-for-All's accuracy predictor in place of a supernet."""

from __future__ import annotations

from pathlib import Path

from naslib_ext.benchmarks import Benchmark
from naslib_ext.experiments.dsm_nas.study import Runs, Settings, Study, kept, search_each
from naslib_ext.search_spaces import Codes
from naslib_ext.search_spaces.base import Mask
from naslib_ext.search_spaces.mobilenet import MobileNetSearchSpace

LIMIT = 600.0
"""Millions of multiply-adds, the mobile setting."""

PAPER: Settings = {
    "num_subspaces": 10, "distance": 3, "learning_rate": 3e-4, "entropy_weight": 1e-3,
    "limit_score": "flops", "limit": LIMIT,
}  # fmt: skip
# close to the limit what a larger layer costs has to be saved in another one: two edits
TUNED: Settings = {"preset": "tuned", "num_subspaces": 10, "distance": 2, "limit_score": "flops", "limit": LIMIT}


class LimitedSpace(MobileNetSearchSpace):
    """The architectures within the limit: what methods that know no limit search, so that they waste no query.

    ``size`` is that of the whole space.
    """

    def __init__(self, benchmark: Benchmark, limit: float = LIMIT) -> None:
        super().__init__()
        self._flops, self._limit = benchmark.free["flops"], limit

    def _satisfies(self, codes: Codes) -> Mask:
        valid = super()._satisfies(codes)
        valid[valid] = self._flops(codes[valid]) <= self._limit
        return valid


def mobile_study(queries: int, seeds: int, data_dir: str | None = None, keep: Path | None = None) -> Study:
    """The benchmark, ``queries`` a search."""
    return Study("mobilenet", "imagenet", None, queries, seeds, kind="surrogate", data_dir=data_dir, keep=keep)


def search_within(study: Study, name: str) -> Runs:
    """Another method, which sees nothing but architectures within the limit."""
    return kept(study, [name, LIMIT], lambda: search_each(study, name, LimitedSpace(study.benchmark)))
