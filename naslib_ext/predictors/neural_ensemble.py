"""The neural ensemble of BANANAS (White et al., AAAI 2021) as a predictor with uncertainty."""

from __future__ import annotations

from naslib_ext.encodings.by_name import ENCODINGS, features_of
from naslib_ext.parameters import Parameter
from naslib_ext.predictors.base import Predictor, Values
from naslib_ext.predictors.mlp_ensemble import MLPEnsemble
from naslib_ext.predictors.targets import LogGap
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes


class NeuralEnsemblePredictor(Predictor):
    """Five perceptrons on an encoding, trained on the mean absolute error; the spread between them is the uncertainty.

    Differences from the published code: targets are log errors relative to the spread of the scores (``LogGap``)
    instead of errors in percent, whose unit is not known here.
    """

    parameters = {
        "encoding": Parameter("path", "what is seen of an architecture", choices=ENCODINGS),
        "num_ensemble": Parameter(5, "networks", minimum=2),
        "num_layers": Parameter(10, "hidden layers of a network", minimum=1),
        "layer_width": Parameter(20, "units of a hidden layer", minimum=1),
        "epochs": Parameter(150, "passes over the data", minimum=1),
        "batch_size": Parameter(32, "architectures in a step", minimum=1),
        "learning_rate": Parameter(0.01, "of Adam", minimum=1e-8),
    }

    def _fit(self, codes: Codes, scores: Values) -> None:
        settings, rng = self.settings, stream(self.seed, "nep")
        self._encoding = settings["encoding"]
        self._targets = LogGap(scores)
        features = features_of(self.space, codes, self._encoding)
        sizes = [features.shape[1], *[settings["layer_width"]] * settings["num_layers"]]
        self._ensemble = MLPEnsemble(sizes, settings["num_ensemble"], rng)
        self._ensemble.train(
            features,
            self._targets.targets(scores),
            settings["epochs"],
            rng,
            settings["batch_size"],
            settings["learning_rate"],
        )

    def _query(self, codes: Codes) -> Values:
        return self._predict(codes)[0]

    def _predict(self, codes: Codes) -> tuple[Values, Values]:
        outputs = self._ensemble.predict(features_of(self.space, codes, self._encoding))
        mean = outputs.mean(axis=0)
        return self._targets.scores(mean), self._targets.deviations(mean, outputs.std(axis=0))
