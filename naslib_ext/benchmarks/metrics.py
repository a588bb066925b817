"""What the names of metrics mean: unit, direction, and whether reading them costs a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class MetricInfo:
    """A metric's unit, whether higher is better, and whether it can be had without training (``free``)."""

    unit: str
    maximize: bool = True
    free: bool = False


_PERCENT = MetricInfo("%")
_LOSS = MetricInfo("loss", maximize=False)
_SCORE = MetricInfo("score", free=True)

_KNOWN = {
    **{f"{split}_accuracy": _PERCENT for split in ("train", "val", "test")},
    **{f"{split}_loss": _LOSS for split in ("train", "val", "test")},
    **{f"{split}_error": MetricInfo("%", maximize=False) for split in ("train", "val", "test")},
    "ssim": MetricInfo("ssim"),
    "neg_loss": MetricInfo("negative loss"),
    "train_time_s": MetricInfo("s", maximize=False),
    "flops": MetricInfo("M", maximize=False, free=True),
    "params": MetricInfo("M", maximize=False, free=True),
    "latency_ms": MetricInfo("ms", maximize=False, free=True),
    **dict.fromkeys("epe_nas fisher grad_norm grasp jacov l2_norm nwot naswot plain snip synflow zen".split(), _SCORE),
}

COST = "train_time_s"
"""The metric that ``Benchmark.cost`` reads: seconds to train the architecture."""


def metric_info(name: str) -> MetricInfo:
    """What is known of a metric; ``latency_ms/<device>`` is a latency. Unknown ones count as higher-is-better."""
    return _KNOWN.get(name.split("/")[0], MetricInfo(""))


class Column(NamedTuple):
    """A column's name taken apart: ``val_accuracy@12`` is (``"val_accuracy"``, 12)."""

    metric: str
    epoch: int | None

    def __str__(self) -> str:
        return self.metric if self.epoch is None else f"{self.metric}@{self.epoch}"


def parse_column(name: str) -> Column:
    """``"val_accuracy@12"`` -> its metric and training schedule in epochs (``None`` where there is no ``@``)."""
    metric, at, epoch = name.partition("@")
    if at and not epoch.isdigit():
        raise ValueError(f"the schedule of column {name!r} is not a number of epochs")
    return Column(metric, int(epoch) if at else None)
