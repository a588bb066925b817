"""Anybody's images for NASLib's Trainer, which otherwise knows its own data sets by name and downloads them.

with image_loaders(load_images("digits")):          # config.dataset: digits
    Trainer(optimizer, config).search()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader, TensorDataset

from naslib_ext.benchmarks.images import ImageDataset, Split
from naslib_ext.naslib_bridge.adapters.naslib_names import naslib_object
from naslib_ext.naslib_bridge.mends import rebind

FUNCTION = "get_train_val_loaders"
"""NASLib's function that makes all loaders; the Trainer's ``build_search_dataloaders`` calls it, and others do."""


@contextmanager
def image_loaders(dataset: ImageDataset, name: str | None = None) -> Iterator[None]:
    """Has NASLib train on ``dataset`` wherever a configuration's ``dataset`` is its name; others stay NASLib's.

    The training part trains the weights, the validation part the architecture; the test part is for ``evaluate``. So
    ``train_portion``, which parts NASLib's own training images in two, is not read. The images come in batches of the
    configuration's ``batch_size``, in an order from torch's generator, without augmentation.

    Args:
        dataset: at least five classes, since NASLib's Trainer measures top-5 accuracy.
        name: what the configuration calls it; ``None`` is ``dataset.name``. Under the name ``cifar10`` NASLib's graphs
            answer for what was found from the benchmark's table.

    Raises ``MissingDependency`` without NASLib.
    """
    known = name or dataset.name
    own = naslib_object("naslib.utils", FUNCTION)

    def loaders(config: Any, mode: str = "train") -> tuple[Any, ...]:
        """(training, validation, test loader, no transform, no transform), as NASLib's own function."""
        if config.dataset != known:
            parts: tuple[Any, ...] = own(config, mode)
            return parts
        size = config.batch_size if hasattr(config, "batch_size") else config.search.batch_size
        return _loader(dataset.train, size), _loader(dataset.val, size), _loader(dataset.test, size, False), None, None

    rebind(FUNCTION, own, loaders)
    try:
        yield
    finally:
        rebind(FUNCTION, loaders, own)


def _loader(part: Split, batch_size: int, shuffle: bool = True) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*part), batch_size, shuffle=shuffle)
