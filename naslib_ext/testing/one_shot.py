"""What every one-shot method must do, as tests to inherit.

    class TestMine(OneShotContract):
        hyperparameters = {"arch_learning_rate": 0.3}

        @pytest.fixture
        def optimizer_class(self) -> type[OneShotOptimizer]:
            return MyOptimizer

The supernet is NAS-Bench-201's, of one cell with four channels; the images are noise.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.networks.supernet import Supernet, build_supernet
from naslib_ext.optimizers.one_shot.base import SHARED, Batch, OneShotOptimizer

CLASSES = 4
EPOCHS = 6

Built = Callable[..., OneShotOptimizer]


def small_supernet(seed: int = 0) -> Supernet:
    """One cell between stem and classifier, for images (batch, 1, 6, 6) of ``CLASSES`` classes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_supernet(
            "nasbench201", init_channels=4, cells_per_stage=1, stages=1, in_channels=1, num_classes=CLASSES
        )


def noise_batch(step: int, number: int = 12) -> Batch:
    """Images and labels that depend on ``step`` alone."""
    generator = torch.Generator().manual_seed(step)
    images = torch.randn(number, 1, 6, 6, generator=generator)
    return images, torch.randint(CLASSES, (number,), generator=generator)


def run_steps(optimizer: OneShotOptimizer, first: int, last: int) -> None:
    """The steps ``first`` to ``last`` - 1, two an epoch, on batches of their own."""
    for step in range(first, last):
        if step % 2 == 0:
            optimizer.new_epoch(step // 2)
        optimizer.step(noise_batch(2 * step), noise_batch(2 * step + 1))


class OneShotContract:
    """Subclass it and override the fixture ``optimizer_class``."""

    hyperparameters: ClassVar[Mapping[str, Any]] = {}
    """What the optimizer is built with."""

    learns: ClassVar[bool] = True
    """Whether the method learns an architecture beside the weights."""

    @pytest.fixture
    def optimizer_class(self) -> type[OneShotOptimizer]:
        raise NotImplementedError("a subclass of OneShotContract overrides the fixture 'optimizer_class'")

    @pytest.fixture
    def built(self, optimizer_class: type[OneShotOptimizer]) -> Built:
        """Builds a fresh optimizer on a fresh supernet."""

        def build(seed: int = 0, weights: int = 0, **changes: Any) -> OneShotOptimizer:
            settings = {"epochs": EPOCHS, **self.hyperparameters, **changes}
            optimizer = optimizer_class({"seed": seed, "search": settings})
            optimizer.device = torch.device("cpu")
            optimizer.adapt_search_space(small_supernet(weights))
            optimizer.before_training()
            return optimizer

        return build

    # steps

    def test_it_has_the_step_protocol(self, built: Built) -> None:
        optimizer = built()
        assert optimizer.using_step_function
        optimizer.new_epoch(0)
        logits_train, logits_val, train_loss, val_loss = optimizer.step(noise_batch(0), noise_batch(1, 8))
        assert logits_train.shape == (12, CLASSES) and logits_val.shape == (8, CLASSES)
        for value in (logits_train, logits_val, train_loss, val_loss):
            assert isinstance(value, Tensor) and not value.requires_grad and torch.isfinite(value).all()
        assert train_loss.ndim == val_loss.ndim == 0
        assert optimizer.test_statistics() is None

    def test_the_weights_are_trained(self, built: Built) -> None:
        optimizer = built()
        before = [weights.clone() for weights in optimizer.supernet.parameters()]
        run_steps(optimizer, 0, 4)
        after = list(optimizer.supernet.parameters())
        assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))

    def test_the_architecture_is_learnt_after_the_warm_start(self, built: Built) -> None:
        optimizer = built(warm_start_epochs=2)
        before = _architecture(optimizer)
        run_steps(optimizer, 0, 4)
        assert _architecture(optimizer) == before
        run_steps(optimizer, 4, 8)
        assert (_architecture(optimizer) != before) == self.learns

    def test_the_learning_rate_follows_a_cosine(self, built: Built) -> None:
        optimizer = built(learning_rate=0.2, learning_rate_min=0.1)
        rates = []
        for epoch in (0, EPOCHS // 2, EPOCHS):
            optimizer.new_epoch(epoch)
            rates += [group["lr"] for group in optimizer.op_optimizer.param_groups]
        np.testing.assert_allclose(rates, [0.2, 0.15, 0.1])

    def test_a_loss_that_is_not_finite_is_an_error(self, built: Built) -> None:
        optimizer = built()
        images, labels = noise_batch(0)
        with pytest.raises(NaslibExtError, match="epoch 0"):
            optimizer.step((images * torch.nan, labels), noise_batch(1))

    # what is learnt

    def test_the_distribution(self, built: Built) -> None:
        optimizer = built()
        for step in (0, 2):
            run_steps(optimizer, step, step + 2)
            shares = optimizer.distribution
            assert shares.shape == (optimizer.supernet.num_edges, len(optimizer.supernet.operations))
            assert (shares >= 0).all()
            np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)

    def test_samples_are_architectures(self, built: Built) -> None:
        optimizer = built()
        run_steps(optimizer, 0, 2)
        codes = optimizer.sample(20, np.random.default_rng(0))
        again = optimizer.sample(20, np.random.default_rng(0))
        assert codes.shape == (20, 6) and codes.dtype == np.int8 and optimizer.space.is_valid(codes).all()
        np.testing.assert_array_equal(codes, again)
        single = [optimizer.most_likely, optimizer.current(np.random.default_rng(1))]
        assert optimizer.space.is_valid(np.stack(single)).all()

    def test_the_best_candidate_is_selected(self, built: Built) -> None:
        optimizer = built()
        run_steps(optimizer, 0, 2)
        selection = optimizer.select(*noise_batch(7, 40))
        assert optimizer.space.is_valid(selection.codes).all()
        assert selection.accuracies.shape == (len(selection.codes),)
        assert selection.accuracies.max() == selection.accuracies[selection.best]
        np.testing.assert_array_equal(selection.code, selection.codes[selection.best])

    def test_the_final_architecture_is_a_network(self, built: Built) -> None:
        for steps in (0, 2):
            optimizer = built()
            run_steps(optimizer, 0, steps)
            network = optimizer.get_final_architecture()
            assert network(noise_batch(0)[0]).shape == (12, CLASSES)

    def test_what_was_selected_before_a_step_is_not_final(self, built: Built) -> None:
        optimizer = built()
        run_steps(optimizer, 0, 2)
        optimizer.get_final_architecture()
        first = optimizer.selection
        run_steps(optimizer, 2, 4)
        optimizer.get_final_architecture()
        assert first is not None and optimizer.selection is not None and optimizer.selection is not first

    # seeds

    def test_the_seed_decides(self, built: Built) -> None:
        first, again, other = built(1), built(1), built(2, weights=1)
        for optimizer in (first, again, other):
            run_steps(optimizer, 0, 4)
        assert _bytes(first) == _bytes(again) != _bytes(other)

    def test_nothing_else_decides(self, built: Built) -> None:
        first, again = built(), built()
        run_steps(first, 0, 3)
        np.random.seed(5)
        torch.manual_seed(5)
        before = torch.get_rng_state()
        numbers = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
        run_steps(again, 0, 3)
        assert _bytes(first) == _bytes(again)
        assert torch.equal(torch.get_rng_state(), before), "torch's global random numbers"
        assert np.random.get_state()[1].tolist() == numbers, "numpy's"  # type: ignore[index, union-attr]

    def test_a_search_begins_anew_on_another_supernet(self, built: Built) -> None:
        optimizer = built()
        run_steps(optimizer, 0, 3)
        first = _bytes(optimizer)
        optimizer.adapt_search_space(small_supernet())
        run_steps(optimizer, 0, 3)
        assert _bytes(optimizer) == first

    # checkpoints

    @pytest.mark.parametrize("done", [0, 1, 3])
    def test_a_restored_search_goes_on_exactly(self, built: Built, done: int) -> None:
        """As NASLib keeps it: the module under ``"model"`` alone, through a file without pickled objects."""
        whole, broken = built(), built()
        run_steps(whole, 0, 6)
        run_steps(broken, 0, done)
        file = io.BytesIO()
        torch.save(broken.get_checkpointables()["model"].state_dict(), file)
        file.seek(0)
        restored = built(weights=3)
        keys = restored.get_checkpointables()["model"].load_state_dict(torch.load(file, weights_only=True))
        assert not keys.missing_keys and not keys.unexpected_keys
        restored.new_epoch(done // 2)
        run_steps(restored, done, 6)
        assert _bytes(restored) == _bytes(whole)
        first, again = (optimizer.select(*noise_batch(9)).codes for optimizer in (whole, restored))
        np.testing.assert_array_equal(first, again)

    def test_a_checkpoint_is_a_module_of_tensors(self, built: Built) -> None:
        optimizer = built()
        run_steps(optimizer, 0, 2)
        kept = optimizer.get_checkpointables()
        assert isinstance(kept["model"], torch.nn.Module)
        assert kept is not optimizer.get_checkpointables(), "NASLib's Trainer takes the model out of it"
        assert all(isinstance(value, Tensor) for value in kept["model"].state_dict().values())

    # NASLib's other calls

    def test_what_naslibs_trainer_reads(self, built: Built) -> None:
        optimizer = built()
        assert isinstance(optimizer.op_optimizer, torch.optim.Optimizer)
        assert optimizer.get_op_optimizer() is type(optimizer.op_optimizer)
        weights = sum(tensor.numel() for tensor in optimizer.supernet.parameters())
        assert optimizer.get_model_size() == pytest.approx(weights / 1e6)
        assert (len([tensor.detach() for tensor in optimizer.architectural_weights]) > 0) == self.learns
        with torch.no_grad():
            assert optimizer.graph(noise_batch(0)[0]).shape == (12, CLASSES)
        optimizer.after_training()

    def test_parameters(self, optimizer_class: type[OneShotOptimizer]) -> None:
        assert set(SHARED) <= set(optimizer_class.parameters)
        assert optimizer_class(momentum=0.5).settings["momentum"] == 0.5
        assert optimizer_class({"search": {"momentum": 0.5}}, momentum=0.25).settings["momentum"] == 0.25
        with pytest.raises(ConfigError, match="did you mean 'momentum'"):
            optimizer_class(momentun=0.5)
        with pytest.raises(ConfigError, match=r"search\.epochs: expected at least 1"):
            optimizer_class({"search": {"epochs": 0}})


def _architecture(optimizer: OneShotOptimizer) -> list[bytes]:
    return [value.numpy().tobytes() for value in optimizer.architecture.state_dict().values()]


def _bytes(optimizer: OneShotOptimizer) -> dict[str, bytes]:
    state = optimizer.get_checkpointables()["model"].state_dict()
    return {name: value.numpy().tobytes() for name, value in state.items()}
