import numpy as np
import pytest
import torch

from naslib_ext.predictors import get_predictor
from naslib_ext.predictors.doa import network as module
from naslib_ext.predictors.doa.network import NetworkEnsemble, PairNetwork
from naslib_ext.predictors.structure_gp import Seen
from naslib_ext.search_spaces import Codes, get_search_space

NB201 = get_search_space("nasbench201")
PARAMETERS = get_predictor("doa").parameters
CODES = NB201.sample(80, np.random.default_rng(0))


def truth(codes: Codes) -> np.ndarray:
    values = (codes == 2).sum(axis=1) - (codes == 1).sum(axis=1)
    return (values - 0.2) / 1.4


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STEPS": 40, "PRETRAINING_STEPS": 40, "PRETRAINING_PAIRS": 100}.items():
        monkeypatch.setattr(module, name, value)


def seen(codes: Codes) -> Seen:
    return Seen(NB201, codes, {}, [])


def ensemble(encoding: str, encoder: str, pretrained: bool = False, codes: Codes = CODES) -> NetworkEnsemble:
    proxy = truth if pretrained else None
    return NetworkEnsemble(seen(codes), truth(codes), encoding, encoder, 2, proxy, 0)


@pytest.mark.parametrize("encoding", PARAMETERS["encoding"].choices)
def test_the_network_is_antisymmetric_whatever_its_weights(encoding: str) -> None:
    torch.manual_seed(0)
    network = PairNetwork(7, encoding, graph=False)
    a, b = (network.embed(torch.randn(20, 7)) for _ in range(2))
    assert torch.equal(network(a, b), -network(b, a))
    assert not network(a, a).any()
    assert torch.allclose(network.all_pairs(a, b), torch.stack([network(row.expand_as(b), b) for row in a]), atol=1e-6)


def test_a_pure_difference_knows_no_context() -> None:
    """Many-to-one: where the difference is the same, so is its worth."""
    network = PairNetwork(7, "diff", graph=False)
    a, b, moved = torch.randn(5, 7), torch.randn(5, 7), torch.randn(5, 7)
    assert torch.allclose(network(a, b), network(a + moved, b + moved), atol=1e-5)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("encoding", PARAMETERS["encoding"].choices)
@pytest.mark.parametrize("encoder", PARAMETERS["encoder"].choices)
def test_every_encoding_learns(encoding: str, encoder: str) -> None:
    networks = ensemble(encoding, encoder)
    new = NB201.sample(200, np.random.default_rng(1))
    assert np.corrcoef(networks.score(seen(new)), truth(new))[0, 1] > 0.6
    a, b = new[:100], new[100:]
    forth, back = networks.difference(seen(a), seen(b)), networks.difference(seen(b), seen(a))
    assert np.corrcoef(forth, truth(b) - truth(a))[0, 1] > 0.6
    np.testing.assert_array_equal(forth, -back)
    assert (networks.deviation(seen(new)) >= 0).all()


@pytest.mark.usefixtures("_quick")
def test_pretraining_helps_where_labels_are_few() -> None:
    new = NB201.sample(200, np.random.default_rng(1))
    plain, pretrained = (ensemble("pair+diff", "structure", used, CODES[:2]) for used in (False, True))
    correlations = [np.corrcoef(networks.score(seen(new)), truth(new))[0, 1] for networks in (plain, pretrained)]
    assert correlations[1] > max(correlations[0], 0.6)
