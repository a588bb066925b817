"""What single steps of the methods do, by hand."""

from typing import Any

import numpy as np
import pytest
import torch

from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import get_optimizer
from naslib_ext.testing.one_shot import noise_batch, run_steps, small_supernet

SKIP, NONE, CONV_3X3, CONV_1X1, POOL = range(5)


def build(name: str, **settings: Any) -> Any:
    optimizer: Any = get_optimizer(name)({"search": settings})
    optimizer.device = torch.device("cpu")
    optimizer.adapt_search_space(small_supernet())
    optimizer.new_epoch(0)
    return optimizer


def descend(optimizer: Any, gradient: Any) -> np.ndarray:
    with torch.no_grad():
        optimizer._descend(torch.tensor(gradient, dtype=torch.float32))
    return optimizer.distribution


# points on the simplex


def test_exponentiated_gradient() -> None:
    optimizer = build("anasod_dnas", arch_learning_rate=0.5)
    found = descend(optimizer, [1.0, 0.0, -2.0, 0.0, 3.0])
    weights = np.exp([-0.5, 0, 1, 0, -1.5])
    np.testing.assert_allclose(found, np.tile(weights / weights.sum(), (6, 1)), rtol=1e-5)


def test_projected_gradient_is_algorithm_1() -> None:
    """Descend, never below zero, then divide by the sum."""
    optimizer = build("anasod_dnas", arch_learning_rate=0.1, update="projected")
    found = descend(optimizer, [1.0, 0.0, -2.0, 0.0, 3.0])[0]
    moved = np.array([0.1, 0.2, 0.4, 0.2, 1e-5])
    np.testing.assert_allclose(found, moved / moved.sum(), rtol=1e-5)


def test_huge_gradients_leave_a_distribution() -> None:
    for update in ("exponentiated", "projected"):
        found = descend(build("gaea", update=update), np.full((6, 5), [1e6, -1e6, 0, 3, -7]))
        assert np.isfinite(found).all() and (found > 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_gaea_moves_every_edge_by_itself() -> None:
    gradient = np.zeros((6, 5))
    gradient[2, CONV_3X3] = -10
    found = descend(build("gaea"), gradient)
    np.testing.assert_allclose(found[[0, 1, 3, 4, 5]], 0.2, rtol=1e-5)
    assert found[2].argmax() == CONV_3X3


def test_the_encodings_gradient_is_the_sum_of_the_edges() -> None:
    """ANASOD-DNAS and GAEA see the same mixture at first; the shared one moves by all edges' gradients."""
    gradients = []
    for name in ("anasod_dnas", "gaea"):
        optimizer = build(name)
        optimizer._descend = lambda gradient, kept=gradients: kept.append(gradient.clone())
        optimizer._search_step(*noise_batch(0), np.random.default_rng(0))
    shared, by_edge = gradients
    torch.testing.assert_close(shared, by_edge.sum(dim=0))


def test_the_penalty_is_the_relative_entropy_to_the_uniform_distribution() -> None:
    optimizer = build("anasod_dnas", arch_weight_decay=2.0)
    assert optimizer._penalty().item() == pytest.approx(0, abs=1e-6)
    descend(optimizer, [0.0, 0.0, -20.0, 0.0, 0.0])
    p = optimizer.distribution[0]
    assert optimizer._penalty().item() == pytest.approx(2 * (p * np.log(5 * p)).sum(), rel=1e-4)


def test_a_large_penalty_keeps_the_distribution_uniform() -> None:
    free, held = (
        build("anasod_dnas", arch_learning_rate=0.5),
        build("anasod_dnas", arch_learning_rate=0.5, arch_weight_decay=1.0),
    )
    for optimizer in (free, held):
        run_steps(optimizer, 0, 8)
    assert held.encoding.max() < free.encoding.max()


# operations that are left out


@pytest.mark.parametrize("name", ["anasod_dnas", "gaea", "darts", "gdas"])
def test_what_is_left_out_stays_out(name: str) -> None:
    optimizer = build(name, exclude="none,skip_connect")
    run_steps(optimizer, 0, 2)
    assert (optimizer.distribution[:, [SKIP, NONE]] == 0).all()
    codes = optimizer.sample(50, np.random.default_rng(0))
    assert not np.isin(codes, [SKIP, NONE]).any()
    assert set(np.unique(codes)) == {CONV_3X3, CONV_1X1, POOL}


@pytest.mark.parametrize(
    ("exclude", "message"),
    [("nonne", "did you mean 'none'"), ("skip_connect,none,nor_conv_3x3,nor_conv_1x1,avg_pool_3x3", "no operation")],
)
def test_impossible_exclusions_are_refused(exclude: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"search.exclude: .*{message}"):
        build("darts", exclude=exclude)


# sampling


def test_anasods_cells_follow_the_encoding() -> None:
    optimizer = build("anasod_dnas")
    descend(optimizer, [0.0, 5.0, -8.0, 0.0, 3.0])
    codes = optimizer.sample(2000, np.random.default_rng(0))
    shares = np.bincount(codes.ravel(), minlength=5) / codes.size
    np.testing.assert_allclose(shares, optimizer.encoding, atol=0.015)
    assert optimizer.encoding.argmax() == CONV_3X3


def test_samples_of_edges_follow_their_shares() -> None:
    optimizer = build("gaea")
    descend(optimizer, np.random.default_rng(1).normal(size=(6, 5), scale=10))
    codes = optimizer.sample(4000, np.random.default_rng(0))
    shares = (codes[:, :, None] == np.arange(5)).mean(axis=0)
    np.testing.assert_allclose(shares, optimizer.distribution, atol=0.03)


def test_the_final_architecture_is_the_best_of_several_samples() -> None:
    optimizer = build("anasod_dnas", num_samples=7)
    selection = optimizer.select(*noise_batch(3, 60))
    assert selection.codes.shape == (7, 6) and selection.accuracies.max() == selection.accuracies[selection.best]
    assert build("darts").select(*noise_batch(3, 60)).codes.shape == (1, 6)


def test_darts_is_discretised_by_argmax() -> None:
    optimizer = build("darts")
    with torch.no_grad():
        optimizer._learnt.zero_()
        optimizer._learnt[torch.arange(6), torch.tensor([4, 3, 2, 1, 0, 2])] = 1.0
    assert optimizer.most_likely.tolist() == optimizer.select(*noise_batch(0)).code.tolist() == [4, 3, 2, 1, 0, 2]


# GDAS


def test_gdas_runs_one_operation_an_edge() -> None:
    optimizer = build("gdas")
    mixture = optimizer.mixture(np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(mixture.detach().numpy(), axis=1), np.tile([0, 0, 0, 0, 1.0], (6, 1)))
    (gradient,) = torch.autograd.grad((mixture * torch.arange(5)).sum(), optimizer._learnt)
    assert (gradient != 0).all()


def test_gdas_draws_by_its_logits() -> None:
    optimizer = build("gdas")
    with torch.no_grad():
        optimizer._learnt.copy_(torch.log(torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1])).expand(6, 5))
        rng = np.random.default_rng(0)
        drawn = torch.stack([optimizer.mixture(rng) for _ in range(500)]).mean(dim=(0, 1))
    np.testing.assert_allclose(drawn, [0.1, 0.2, 0.4, 0.2, 0.1], atol=0.03)


def test_the_temperature_falls_along_a_line() -> None:
    optimizer = build("gdas", epochs=11)
    found = []
    for epoch in (0, 5, 10):
        optimizer.new_epoch(epoch)
        found.append(optimizer.temperature)
    np.testing.assert_allclose(found, [10, 5.05, 0.1])


# the weights


def test_the_gradient_is_clipped() -> None:
    moved = []
    for clip in (0.0, 1e-3):
        optimizer = build("darts", grad_clip=clip, weight_decay=0, momentum=0, learning_rate=1.0)
        before = torch.cat([weights.detach().flatten().clone() for weights in optimizer.supernet.parameters()])
        optimizer.step(noise_batch(0), noise_batch(1))
        after = torch.cat([weights.detach().flatten() for weights in optimizer.supernet.parameters()])
        moved.append(float((after - before).norm()))
    assert moved[0] > 0.01 and moved[1] == pytest.approx(1e-3, rel=1e-2)


def test_random_paths_train_nothing_else() -> None:
    """A step of random search with weight sharing changes the operations of one architecture."""
    optimizer = build("rsws", weight_decay=0)
    before = {name: value.clone() for name, value in optimizer.supernet.named_parameters()}
    code = optimizer._training_choice(np.random.default_rng(4))
    optimizer._training_choice = lambda rng: code
    optimizer.step(noise_batch(0), noise_batch(1))
    cell = optimizer.supernet.body[0]
    for edge, chosen in enumerate(code.tolist()):
        for operation in set(range(5)) - {chosen}:
            for name, _ in cell.edges[edge].operations[operation].named_parameters():
                key = f"body.0.edges.{edge}.operations.{operation}.{name}"
                assert torch.equal(before[key], dict(optimizer.supernet.named_parameters())[key])
