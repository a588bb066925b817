"""Runs one one-shot search, as NASLib's ``Trainer`` does, on a supernet: one epoch is a pass over the training images.

    config = load_config("configs/nasbench201/anasod_dnas.yaml")
    trainer = OneShotTrainer(get_optimizer(config.optimizer)(config), config)
    trainer.search()
    trainer.evaluate()

The run's folder is that of a query-based search: ``config.yaml``, ``journal.jsonl`` (one line an epoch),
``checkpoint``, ``errors.json`` in NASLib's form, ``found.json`` with the candidates and, aside, ``timing.json``.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from tqdm import tqdm

from naslib_ext.benchmarks import Benchmark, list_kinds, load_benchmark
from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.benchmarks.made_images import load_images
from naslib_ext.benchmarks.schedule import isolated_torch, num_batches
from naslib_ext.benchmarks.training import check_keys
from naslib_ext.configuration import Config, complete
from naslib_ext.defaults.one_shot_folder import Epoch, OneShotFolder
from naslib_ext.defaults.run_folder import folder_of
from naslib_ext.defaults.trainer import UNKNOWN
from naslib_ext.errors import DataFileError, NaslibExtError, RunFolderError, UnknownArchitecture, UnknownName
from naslib_ext.networks.device import named_device, require
from naslib_ext.networks.supernet import build_supernet
from naslib_ext.optimizers.one_shot.base import OneShotOptimizer, Selection
from naslib_ext.parameters import convert
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name
from naslib_ext.search_spaces import Codes, get_search_space

logger = logging.getLogger(__name__)


class OneShotTrainer:
    """NASLib's ``Trainer`` for one-shot optimizers.

    The supernet is built here, with the sizes that the section ``training`` of the configuration has under ``network``
    and those that follow from the images; it runs on the ``device`` that the section names, else on a GPU if there is
    one. All else depends on the seed: on a CPU, equal runs are equal bytes, interrupted or not.

    Args:
        optimizer: what searches.
        config: a configuration; missing keys get their defaults.
        lightweight_output: writes ``errors.json`` in NASLib's short form.
        images: what the supernet is trained on; ``None`` loads the data set that the configuration names.
        benchmark: where the found architecture is looked up; ``None`` loads the one that the configuration names, and
            does without where there is none.

    Raises ``NaslibExtError`` for what cannot be searched, or looked up where there is a benchmark.
    """

    def __init__(
        self,
        optimizer: OneShotOptimizer,
        config: Any,
        lightweight_output: bool = False,
        images: ImageDataset | None = None,
        benchmark: Benchmark | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.config: Config = config if isinstance(config, Config) else complete(config or {})
        self.lightweight_output = lightweight_output
        self.epochs: int = self.config.search.epochs
        training: Mapping[str, Any] = self.config.get("training") or {}
        check_keys(training)
        if training.get("device"):
            optimizer.device = require(named_device(training["device"]))
        self.images = images or load_images(self.config.dataset)
        self.space = get_search_space(self.config.search_space)
        self.benchmark = benchmark or self._load_benchmark()
        if self.benchmark is not None:  # before the search, not after it
            self.benchmark.resolve(self.config.metric, self.config.epoch or None)
            if self.config.test_metric:
                self.benchmark.resolve(self.config.test_metric, None)
        self.records: list[Epoch] = []
        self.search_trajectory: dict[str, Any] = {}
        self.selection: Selection | None = None

    def _load_benchmark(self) -> Benchmark | None:
        c = self.config
        if c.benchmark not in list_kinds():
            raise unknown_name("benchmark", c.benchmark, list_kinds())
        try:
            return load_benchmark(c.search_space, c.dataset, c.benchmark, c.data_dir or None, c.get("training"))
        except (UnknownName, DataFileError) as error:
            logger.info("the found architecture is not looked up: %s", error)
            return None

    # search

    def search(
        self,
        resume_from: str | bool = "",
        summary_writer: Any = None,
        after_epoch: Callable[[int], None] | None = None,
        report_incumbent: bool = True,
    ) -> None:
        """Trains for all epochs, chooses an architecture and writes the run's folder.

        Args:
            resume_from: anything true goes on from what the run's folder holds.
            summary_writer: a tensorboard writer, gets the validation accuracy after every epoch.
            after_epoch: called with the number of each epoch after it.
            report_incumbent: for NASLib's callers; there is one distribution, and no incumbent.

        Raises:
            RunFolderError: the folder holds results and nothing was said of resuming, or they are another run's.
            NaslibExtError: the supernet's loss is not finite.
        """
        with (
            OneShotFolder(folder_of(self.config)) as folder,
            isolated_torch(self.config.seed, self.optimizer.device),
        ):
            self.records = folder.claim(self.config, bool(resume_from or self.config.resume))
            self.optimizer.adapt_search_space(self._supernet(), self.config.dataset)
            self.optimizer.before_training()
            parts = {name: self._on_device(part) for name, part in self.images.parts.items()}
            self._restore(folder)
            self._train(folder, parts, summary_writer, after_epoch)
            self.optimizer.after_training()
            self.selection = self.optimizer.select(*parts["val"])
            self.search_trajectory = self._trajectory()
            folder.save_errors(self.config, self.search_trajectory, self.lightweight_output)
            folder.save_found(self._found())

    def _supernet(self) -> Any:
        channels = self.images.image_shape[0]
        sizes = {"num_classes": self.images.num_classes, "in_channels": channels}
        given = convert((self.config.get("training") or {}).get("network") or {}, dict, "training.network")
        supernet: Any = build_supernet(self.space, **{**given, **sizes})
        return supernet.to(memory_format=torch.channels_last)  # a fifth faster

    def _on_device(self, part: Split) -> Split:
        return Split(part.images.to(self.optimizer.device), part.labels.to(self.optimizer.device))

    def _restore(self, folder: OneShotFolder) -> None:
        tensors, done = folder.load_epochs(len(self.records))
        if tensors is not None:
            state = {name: torch.tensor(value) for name, value in tensors.items()}
            keys = self.optimizer.graph.load_state_dict(state)
            if unfit := [*keys.missing_keys, *keys.unexpected_keys]:
                raise RunFolderError(f"{folder.path}/checkpoint: another version wrote it: {unfit[0]} does not fit")
        self.records = self.records[:done]
        folder.keep_epochs(done)

    def _train(
        self, folder: OneShotFolder, parts: dict[str, Split], writer: Any, after_epoch: Callable[[int], None] | None
    ) -> None:
        spent, started = folder.load_timing(), time.perf_counter()
        epochs = range(len(self.records), self.epochs)
        for epoch in tqdm(epochs, self.config.optimizer, disable=not sys.stderr.isatty(), leave=False):
            record = self._train_epoch(epoch, parts)
            folder.append(record)
            self.records.append(record)
            if (epoch + 1) % self.config.search.checkpoint_freq == 0 or epoch + 1 == self.epochs:
                state = self.optimizer.graph.state_dict()
                folder.save_epochs(epoch + 1, {name: value.cpu().numpy() for name, value in state.items()})
                folder.save_timing(spent + time.perf_counter() - started)
            logger.info(
                "epoch %d: accuracy %.2f in training, %.2f in validation",
                epoch, record.train_accuracy, record.val_accuracy,
            )  # fmt: skip
            if writer is not None:
                writer.add_scalar("val_accuracy", record.val_accuracy, epoch)
            if after_epoch is not None:
                after_epoch(epoch)

    def _train_epoch(self, epoch: int, parts: dict[str, Split]) -> Epoch:
        self.optimizer.new_epoch(epoch)
        sums = torch.zeros(6, device=self.optimizer.device)
        steps = num_batches(len(parts["train"].labels), self.config.search.batch_size)
        for train, val in zip(
            self._batches(parts, epoch, steps, "train"), self._batches(parts, epoch, steps, "val"), strict=True
        ):
            logits_train, logits_val, train_loss, val_loss = self.optimizer.step(train, val)
            sums += torch.stack([*_counts(logits_train, train[1], train_loss), *_counts(logits_val, val[1], val_loss)])
        train_right, train_number, train_loss_sum, val_right, val_number, val_loss_sum = sums.tolist()
        rng = stream(self.config.seed, "current", epoch)
        return Epoch(
            epoch + 1,
            100 * train_right / train_number, train_loss_sum / train_number,
            100 * val_right / val_number, val_loss_sum / val_number,
            self.optimizer.distribution.tolist(), self.optimizer.current(rng).tolist(),
        )  # fmt: skip

    def _batches(self, parts: dict[str, Split], epoch: int, steps: int, name: str) -> Iterator[Split]:
        """``steps`` batches: all training images once, validation images over and over."""
        images, labels = parts[name]
        rng = stream(self.config.seed, f"{name} batches", epoch)
        number = len(labels) if name == "train" else steps * self.config.search.batch_size
        rounds = math.ceil(number / len(labels))
        order = np.concatenate([rng.permutation(len(labels)) for _ in range(rounds)])[:number]
        for rows in np.array_split(order, steps):
            batch = torch.from_numpy(rows).to(labels.device)
            yield Split(images[batch], labels[batch])

    # results

    def _trajectory(self) -> dict[str, Any]:
        """NASLib's lists, one entry an epoch; ``test_acc`` looks up the architecture that each epoch led to."""
        nothing = [UNKNOWN] * len(self.records)
        codes = np.array([record.code for record in self.records], dtype=np.int8)
        tested = self._look_up(codes, self._test_metric)
        return {
            "train_acc": [record.train_accuracy for record in self.records],
            "train_loss": [record.train_loss for record in self.records],
            "valid_acc": [record.val_accuracy for record in self.records],
            "valid_loss": [record.val_loss for record in self.records],
            "test_acc": nothing if tested is None else tested,
            "test_loss": nothing,
            "runtime": nothing,
            "train_time": nothing,
            "arch_eval": [],
            "params": self.optimizer.get_model_size(),
        }

    def _found(self) -> dict[str, Any]:
        assert self.selection is not None
        codes = self.selection.codes
        found = {
            "architecture": self.space.to_string(self.selection.code),
            "code": self.selection.code.tolist(),
            "candidates": codes.tolist(),
            "supernet_accuracy": self.selection.accuracies.tolist(),
        }
        for name, epoch in ((self.config.metric, self.config.epoch or None), (self._test_metric, None)):
            values = self._look_up(codes, name, epoch)
            if name is not None and values is not None:
                found.setdefault(name, values)
        return dict(sorted(found.items()))

    @property
    def _test_metric(self) -> str | None:
        if self.config.test_metric or self.benchmark is None:
            return self.config.test_metric or None
        return self.benchmark.test_metric(self.config.metric)

    def _look_up(self, codes: Codes, metric: str | None, epoch: int | None = None) -> list[float] | None:
        """The benchmark's values of ``codes`` (n, L); ``None`` where it does not hold all, or would have to train."""
        if self.benchmark is None or metric is None or self.config.benchmark == "training":
            return None
        try:
            values: list[float] = self.benchmark.query(codes, metric, epoch).tolist()
        except UnknownArchitecture as error:
            logger.warning("%s is not looked up: %s", metric, error)
            return None
        return values

    @property
    def final_architecture(self) -> Codes:
        """(L,) the architecture found, from the run's folder where this trainer has not searched.

        Raises ``NaslibExtError`` where the search has not ended.
        """
        if self.selection is not None:
            return self.selection.code
        return np.array(OneShotFolder(folder_of(self.config)).load_found()["code"], dtype=np.int8)

    def evaluate(
        self,
        retrain: bool = True,
        search_model: str = "",
        resume_from: str = "",
        best_arch: ArrayLike | None = None,
        dataset_api: Any = None,
        metric: Any = None,
    ) -> float:
        """The benchmark's test metric, at the longest schedule, of the architecture found.

        With ``benchmark: training`` that is a training from scratch, as the section ``training`` says.

        Args:
            retrain, search_model, resume_from, dataset_api: for NASLib's callers.
            best_arch: (L,) the code of another architecture.
            metric: name of another metric, or a member of NASLib's ``Metric``.

        Raises ``NaslibExtError`` where there is no benchmark, or where it does not hold the architecture.
        """
        code = self.final_architecture if best_arch is None else np.asarray(best_arch)
        name = getattr(metric, "name", metric or "").lower() or self._test_metric or self.config.metric
        if self.benchmark is None:
            raise NaslibExtError(f"there is no benchmark of {self.config.search_space} on {self.config.dataset}")
        value = float(self.benchmark.query(code[None], name)[0])
        logger.info("final architecture %s: %s %.5f", self.space.to_string(code), name, value)
        return value


def search_and_describe(method: Any, config: Config, resume: bool, only_describe: bool = False) -> list[str]:
    """Runs the search of ``config`` by the optimizer class ``method``, unless it is only to be described; in words."""
    trainer = OneShotTrainer(method(config), config, lightweight_output=True)
    if not only_describe:
        trainer.search(resume_from=resume)
    folder = OneShotFolder(folder_of(config))
    found, epochs = folder.load_found(), folder.records()
    best = max(found["supernet_accuracy"])
    lines = [
        f"{config.optimizer} after {len(epochs)} epochs: supernet's validation accuracy {epochs[-1].val_accuracy:.3f}",
        f"architecture {found['architecture']}, {best:.3f} with the supernet's weights",
    ]
    if trainer.benchmark is not None:
        with suppress(UnknownArchitecture):  # a table of a part of the space
            lines[-1] += f", test {trainer.evaluate():.3f}"
    return [*lines, f"results in {folder_of(config)}"]


def _counts(logits: Tensor, labels: Tensor, loss: Tensor) -> list[Tensor]:
    """Right answers, answers and the sum of the losses of a batch."""
    number = torch.tensor(float(len(labels)), device=logits.device)
    return [(logits.argmax(dim=1) == labels).sum().float(), number, loss.float() * number]
