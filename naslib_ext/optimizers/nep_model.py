"""The neural ensemble of a search, trained anew on growing data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_ext.parameters import Parameter
from naslib_ext.predictors.mlp_ensemble import MLPEnsemble
from naslib_ext.random_streams import stream

Floats = NDArray[np.float64]

PARAMETERS = {
    "num_ensemble": Parameter(5, "networks in the ensemble", minimum=2),
    "num_layers": Parameter(10, "hidden layers of a network", minimum=1),
    "layer_width": Parameter(20, "units of a hidden layer", minimum=1),
    "nep_epochs": Parameter(150, "most epochs of a fit", minimum=1),
    "nep_steps": Parameter(200, "most steps of Adam in a fit, on batches of 32", minimum=1),
}
"""Of every method with a neural ensemble; BANANAS's (White et al., AAAI 2021), but for ``nep_steps``."""

BATCH_SIZE = 32


class NEPModel:
    """A neural ensemble whose weights depend on the seed and the data of the last fit alone.

    Difference from BANANAS: the steps of a fit are limited, so that fits of 40 architectures and more have fewer than
    150 epochs. Ensembles that go on from the weights of the last fit are no substitute: they agree more and more.

    Args:
        settings: values of ``PARAMETERS``.
        seed: names the random streams.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self._settings, self._seed = settings, seed
        self._ensemble: MLPEnsemble | None = None
        self.fitted = 0
        """Observations of the last fit."""

    def fit(self, x: Floats, y: Floats) -> None:
        """Trains new networks on features (n, d) and targets (n,)."""
        settings, rng = self._settings, stream(self._seed, "ensemble", len(x))
        sizes = [x.shape[1], *[settings["layer_width"]] * settings["num_layers"]]
        self._ensemble = MLPEnsemble(sizes, settings["num_ensemble"], rng)
        batches = -(-len(x) // BATCH_SIZE)
        epochs = min(settings["nep_epochs"], -(-settings["nep_steps"] // batches))
        self._ensemble.train(x, y, epochs, rng, BATCH_SIZE)
        self.fitted = len(x)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """(mean, standard deviation) over the networks at features (m, d), each (m,)."""
        assert self._ensemble is not None
        outputs = self._ensemble.predict(x)
        return outputs.mean(axis=0), outputs.std(axis=0)
