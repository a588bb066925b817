"""Live training as a benchmark: a query builds the network of a code, trains it and keeps the result.

    small = Schedule(epochs=3, batch_size=128, network={"init_channels": 8, "cells_per_stage": 1})
    benchmark = TrainingBenchmark(space, load_images("digits"), small, cache="trainings.sqlite")
    benchmark.query(codes)                                  # (n,) validation accuracy in percent

A training depends on its architecture and seed alone: weights and batches come from their own streams, torch's global
generator is left as it was, and on the CPU one thread does the sums, so that equal machines give equal bits.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from naslib_ext.benchmarks.base import Benchmark, Values
from naslib_ext.benchmarks.cache_folder import cache_folder
from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.metrics import COST, metric_info
from naslib_ext.benchmarks.result_cache import Claim, ResultCache, TrainingKey, TrainingResult
from naslib_ext.benchmarks.schedule import (
    CARRIED_SCHEDULE,
    Schedule,
    isolated_torch,
    train_network,
    training_seed,
)
from naslib_ext.errors import ConfigError, MissingMetric
from naslib_ext.networks import build_network
from naslib_ext.networks.device import named_device, require
from naslib_ext.networks.measure import count_flops, count_params
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space

logger = logging.getLogger(__name__)

CURVES = {"val_accuracy": "val_accuracy", "val_loss": "val_loss", "train_loss": "train_loss", COST: "seconds"}
"""Metrics that have a value after every epoch, and where a result holds them."""
KEYS = (*(field.name for field in fields(Schedule)), "seed", "device")
"""Of the section ``training`` of a configuration."""
POLL_SECONDS = 0.05
"""Between two looks at a training that another process is doing."""


def check_keys(training: Mapping[str, Any]) -> None:
    """Raises ``ConfigError`` where the section ``training`` of a configuration has a key that is none."""
    for name in training:
        if name not in KEYS:
            raise ConfigError(str(unknown_name("key", name, KEYS, "training.")))


def load_training(search_space: str, dataset: str, settings: Mapping[str, Any]) -> TrainingBenchmark:
    """The benchmark that trains candidates on one of the image data sets that are made here.

    Trainings are kept in ``NASLIB_EXT_CACHE`` (default ``~/.cache/naslib_ext``), shared by all runs and processes.

    Args:
        search_space: name of a space that has networks.
        dataset: ``"digits"`` or ``"shapes"``.
        settings: the section ``training`` of a configuration: values for ``Schedule`` that differ from its defaults
            (for nasbench201 from ``CARRIED_SCHEDULE``), and ``seed`` and ``device`` of ``TrainingBenchmark``.

    Raises ``ConfigError`` for unknown keys and impossible values, ``UnknownName`` for other data sets.
    """
    space = get_search_space(search_space)
    own = {name: settings[name] for name in ("seed", "device") if name in settings}
    changes = {name: value for name, value in settings.items() if name not in own}
    check_keys(settings)
    usual = CARRIED_SCHEDULE if search_space == "nasbench201" else Schedule()
    cache = cache_folder() / "trainings.sqlite"
    return TrainingBenchmark(space, load_images(dataset), replace(usual, **changes), cache=cache, **own)


class TrainingBenchmark(Benchmark):
    """Values that come from training the candidate on images.

    Metrics: ``val_accuracy`` (percent), ``val_loss``, ``train_loss`` and ``train_time_s`` after every epoch, which is
    the learning curve, and ``test_accuracy`` after the last one. With ``schedule.seeds`` > 1 they are means over the
    trainings. A training whose loss is not finite ends there; it has the value NaN from that epoch on, and that is
    its result, cached like any other. ``free`` holds ``params`` and ``flops``, in millions.

    Args:
        search_space: what the codes mean; there must be a network for it.
        dataset: the images.
        schedule: how a candidate is trained, and how large it is.
        seed: of the first training; the others of ``schedule.seeds`` count up from it.
        cache: file in which results are kept and shared with other processes; ``None`` keeps them in memory.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU where there is one. CPU and GPU results
            are cached apart.
        key: ``"code"`` or ``"canonical"``, where codes that compute the same function are one training, of the
            canonical code; ``None`` takes the space's own.
        timed: whether ``cost`` answers. Its seconds are wall-clock: with them a search's journal is no longer the
            same bytes in every run.
    """

    def __init__(
        self,
        search_space: SearchSpace,
        dataset: ImageDataset,
        schedule: Schedule | None = None,
        *,
        seed: int = 0,
        cache: str | os.PathLike[str] | None = None,
        device: str = "auto",
        key: str | None = None,
        timed: bool = False,
    ) -> None:
        directions = {metric: metric_info(metric).maximize for metric in (*CURVES, "test_accuracy")}
        super().__init__(search_space, dataset.name, key or search_space.key, directions)
        self.images = dataset
        self.schedule = schedule or Schedule()
        self.seed = seed
        self.cache = None if cache is None else ResultCache(cache)
        self.device = named_device(device)
        self.timed = timed
        self.trainings = 0
        """How many trainings this object has done itself."""
        self._known: dict[TrainingKey, TrainingResult] = {}
        self._on_device: dict[str, Split] | None = None
        self.free = {"params": self._params, "flops": self._flops}
        self._params(search_space.sample(1, np.random.default_rng(0)))  # a space without network is refused here

    def metrics(self) -> dict[str, list[int | None]]:
        epochs: list[int | None] = list(range(1, self.schedule.epochs + 1))
        return {**{metric: list(epochs) for metric in CURVES}, "test_accuracy": [self.schedule.epochs]}

    def query(self, codes: ArrayLike, metric: str = "val_accuracy", epoch: int | None = None) -> Values:
        epoch = self.resolve(metric, epoch)
        assert epoch is not None
        results = self.results(codes)
        if metric == "test_accuracy":
            values = [[result.test_accuracy for result in row] for row in results]
        else:
            values = [[getattr(result, CURVES[metric])[epoch - 1] for result in row] for row in results]
        return np.array(values, dtype=np.float64).reshape(len(results), self.schedule.seeds).mean(axis=1)

    def learning_curves(self, codes: ArrayLike, metric: str = "val_accuracy") -> Values:
        """(n, epochs) ``metric`` after every epoch."""
        if metric not in CURVES:
            raise MissingMetric(f"{self.name} has learning curves of {', '.join(CURVES)}, not of {metric}")
        return np.stack([self.query(codes, metric, epoch) for epoch in self.metrics()[metric]], axis=1)

    @property
    def has_cost(self) -> bool:
        return self.timed

    def cost(self, codes: ArrayLike) -> Values:
        if not self.timed:
            raise MissingMetric(f"{self.name} keeps wall-clock seconds out of results; pass timed=True or query {COST}")
        return self.query(codes, COST) * self.schedule.seeds

    # trainings

    def results(self, codes: ArrayLike) -> list[list[TrainingResult]]:
        """For each of ``codes`` (n, L) the results of its ``schedule.seeds`` trainings, done now where they are new.

        Trainings that another process is doing are waited for, after all others.
        """
        rows = self._distinct(codes)
        seeds = range(self.seed, self.seed + self.schedule.seeds)
        wanted = [[(self._training_key(code, seed), code) for seed in seeds] for code in rows]
        missing = {key: code for row in wanted for key, code in row if key not in self._known}
        while missing:
            for key, code in list(missing.items()):
                result = self._find_or_train(key, code)
                if result is not None:
                    self._known[key] = result
                    del missing[key]
            if missing:
                time.sleep(POLL_SECONDS)
        return [[self._known[key] for key, _ in row] for row in wanted]

    def _distinct(self, codes: ArrayLike) -> Codes:
        return self.space.canonical(codes) if self.key == "canonical" else self.space.check(codes)

    def _training_key(self, code: Codes, seed: int) -> TrainingKey:
        schedule = f"{self.schedule.identity} {self.device.type}"
        return TrainingKey(self.space.name, self.images.fingerprint, schedule, "-".join(map(str, code.tolist())), seed)

    def _find_or_train(self, key: TrainingKey, code: Codes) -> TrainingResult | None:
        """The training's result; ``None`` while another process is at it."""
        if self.cache is None:
            return self._train(code, key.seed)
        claim = self.cache.claim(key)
        if not isinstance(claim, Claim):
            return claim
        try:
            return self.cache.put(key, self._train(code, key.seed, claim.renew))
        except BaseException:
            claim.release()
            raise

    def _train(self, code: Codes, seed: int, after_epoch: Callable[[], None] | None = None) -> TrainingResult:
        self.trainings += 1
        if self._on_device is None:
            require(self.device)
            self._on_device = {
                name: Split(part.images.to(self.device), part.labels.to(self.device))
                for name, part in self.images.parts.items()
            }
        with isolated_torch(training_seed(code, seed), self.device):
            network = self.network(code).to(self.device)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster
            rng = stream(seed, f"batches {crc32(code.tobytes())}")
            result = train_network(network, self._on_device, self.schedule, rng, after_epoch)
        if math.isnan(result.val_accuracy[-1]):
            logger.warning("%s: the training of %s with seed %d diverged", self.name, code.tolist(), seed)
        return result

    # networks

    def network(self, code: ArrayLike) -> nn.Module:
        """The network of ``code`` (L,) in the schedule's size, with fresh weights from torch's global generator."""
        sizes = {**self.schedule.network, "num_classes": self.images.num_classes}
        return build_network(self.space, code, **sizes, in_channels=self.images.image_shape[0])

    def _params(self, codes: ArrayLike) -> Values:
        return self._measure(codes, count_params)

    def _flops(self, codes: ArrayLike) -> Values:
        return self._measure(codes, lambda network: count_flops(network, (1, *self.images.image_shape)))

    def _measure(self, codes: ArrayLike, count: Callable[[nn.Module], int]) -> Values:
        with torch.random.fork_rng(devices=[]):
            counts = [count(self.network(code)) for code in self._distinct(codes)]
        return np.array(counts, dtype=np.float64) / 1e6
