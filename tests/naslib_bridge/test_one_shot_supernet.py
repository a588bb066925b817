"""NASLib's graphs as our supernets: what NASLib's own mixed operations and its own graphs compute, they compute."""

import numpy as np
import pytest
import torch

from naslib_ext.errors import InvalidArchitecture, UnsupportedSpace
from naslib_ext.naslib_bridge.adapters import graph_to_code
from naslib_ext.random_streams import stream

pytestmark = pytest.mark.naslib

CUT = [1, 1, 2, 0, 4, 3]
"""A cell of NAS-Bench-201 without connection, as a spec."""


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(stream(0, "images").normal(size=(4, 1, 16, 16))).float()


@pytest.fixture(scope="module")
def blanks(naslib):
    """Space -> NASLib's blank graph for small grey images."""
    spaces = naslib.search_spaces
    torch.manual_seed(0)
    return {
        "nasbench201": spaces.NasBench201SearchSpace(n_classes=7, in_channels=1),
        "nasbench301": spaces.NasBench301SearchSpace(n_classes=7, in_channels=1, auxiliary=False),
    }


@pytest.fixture(scope="module")
def supernets(blanks):
    from naslib_ext.naslib_bridge.adapters.graph_supernet import as_supernet

    return {name: as_supernet(blank) for name, blank in blanks.items()}


@pytest.fixture
def codes(supernets):
    """A function: n codes of a space."""
    return lambda name, n: supernets[name].space.sample(n, stream(1, "codes"))


def mixture(supernet):
    logits = torch.from_numpy(stream(2, "logits").normal(size=(supernet.num_edges, len(supernet.operations)))).float()
    return logits.requires_grad_()


def naslibs_darts(naslib, supernet, blank, rows):
    """NASLib's DARTS with the weights of ``supernet`` and ``rows`` as its architecture weights, edge by edge."""
    darts = naslib.optimizers.DARTSOptimizer()
    darts.adapt_search_space(blank, "digits")
    darts.graph.load_state_dict(supernet.graph.state_dict())
    for alpha, row in zip(darts.architectural_weights, rows.detach(), strict=True):
        alpha.data.copy_(row)
    return darts


def test_mixtures_are_those_of_naslibs_darts(naslib, supernets, blanks, images):
    supernet, logits = supernets["nasbench201"], mixture(supernets["nasbench201"])
    darts = naslibs_darts(naslib, supernet, blanks["nasbench201"], logits)
    theirs, ours = darts.graph(images), supernet(images, logits.softmax(dim=1))
    torch.testing.assert_close(ours, theirs)
    target = torch.arange(4)
    torch.nn.functional.cross_entropy(theirs, target).backward()
    torch.nn.functional.cross_entropy(ours, target).backward()
    gradients = torch.stack([alpha.grad for alpha in darts.architectural_weights])
    assert gradients.abs().max() > 1e-4
    torch.testing.assert_close(logits.grad, gradients, rtol=1e-3, atol=1e-6)
    shared, own = dict(supernet.graph.named_parameters()), dict(darts.graph.named_parameters())
    assert shared.keys() == own.keys()
    for name, weight in shared.items():
        torch.testing.assert_close(weight.grad, own[name].grad, rtol=1e-3, atol=1e-5, msg=name)


def test_the_argmax_is_naslibs(naslib, supernets, blanks):
    supernet, logits = supernets["nasbench201"], mixture(supernets["nasbench201"])
    darts = naslibs_darts(naslib, supernet, blanks["nasbench201"], logits)
    final = darts.get_final_architecture()
    space, code = graph_to_code(final)
    assert space.name == "nasbench201" and code.tolist() == supernet.discretize(logits).tolist()


@pytest.mark.parametrize("name", ["nasbench201", "nasbench301"])
def test_a_one_hot_mixture_a_path_and_naslibs_graph_compute_the_same(supernets, codes, images, name):
    supernet = supernets[name].train()
    rows = codes(name, 2)
    if name == "nasbench201":
        rows = np.concatenate([rows, [CUT]])
    for code in rows:
        graph = supernet.standalone(code)
        assert graph_to_code(graph)[1].tolist() == code.tolist()
        expected = graph(images)
        torch.testing.assert_close(supernet(images, code), expected)
        torch.testing.assert_close(supernet(images, supernet.one_hot(code)), expected)
        assert supernet.discretize(supernet.one_hot(code)).tolist() == code.tolist()


def test_naslibs_spec_gives_the_same_network(blanks, supernets, codes, images):
    """NASLib's own ``set_spec`` makes fresh normalisations with scale and shift; with the convolutions carried over it
    is the same function."""
    supernet = supernets["nasbench201"].train()
    for code in codes("nasbench201", 2):
        graph = blanks["nasbench201"].clone()
        graph.set_spec(supernet.space.to_spec(code))
        graph.parse()
        graph.train().load_state_dict(supernet.standalone(code).state_dict(), strict=False)
        torch.testing.assert_close(graph(images), supernet(images, code))


@pytest.mark.parametrize("name", ["nasbench201", "nasbench301"])
def test_paths_are_scored_with_the_statistics_of_their_batch(supernets, codes, images, name):
    """Not with the running ones of whatever was trained, which stay as they are."""
    supernet, rows = supernets[name].train(), codes(name, 2)
    with torch.no_grad():
        supernet(10 * images + 3, mixture(supernet).softmax(dim=1))
        before = {key: value.clone() for key, value in supernet.state_dict().items()}
        scored = [logits.clone() for logits in supernet.eval().paths(images, rows)]
        assert not any(layer.training for layer in supernet.modules())
        for key, value in supernet.state_dict().items():
            assert torch.equal(value, before[key]), key
        for code, logits in zip(rows, scored, strict=True):
            torch.testing.assert_close(logits, supernet.train()(images, code))


def test_paths_train_their_own_weights_alone(supernets, images):
    supernet = supernets["nasbench201"].train()
    supernet.zero_grad(set_to_none=True)
    supernet(images, np.array([2, 0, 0, 4, 3, 2])).sum().backward()
    touched = {name for name, weight in supernet.named_parameters() if weight.grad is not None}
    assert any("cell-edge(1,2).primitive-2" in name for name in touched)
    assert not any("cell-edge(1,2).primitive-3" in name or "cell-edge(1,3)." in name for name in touched)


def test_the_graph_stays_blank_and_the_supernet_can_be_copied(supernets, blanks, codes, images):
    from copy import deepcopy

    supernet = supernets["nasbench201"].train()
    supernet(images, mixture(supernet).softmax(dim=1))
    copy, code = deepcopy(supernet), codes("nasbench201", 1)[0]
    torch.testing.assert_close(copy(images, code), supernet(images, code))
    assert isinstance(blanks["nasbench201"].edges[2, 3].op.edges[1, 2].op, list)


def test_discretising_draws_no_random_numbers(supernets, codes):
    state = torch.get_rng_state()
    supernets["nasbench201"].standalone(codes("nasbench201", 1)[0])
    assert torch.equal(state, torch.get_rng_state())


def test_nasbench301_keeps_two_inputs_a_node(supernets, images):
    supernet = supernets["nasbench301"]
    logits = mixture(supernet)
    code = supernet.discretize(logits)
    assert supernet.space.is_valid(code[None])[0]
    best = logits.detach().max(dim=1).values
    kept = np.flatnonzero(supernet.chosen(code) >= 0)
    assert len(kept) == 16 and {0, 1, 14, 15} <= set(kept.tolist())  # a cell's first node has but two
    last = np.arange(9, 14)
    assert set(last[np.argsort(-best[9:14].numpy())[:2]]) == {row for row in kept if 9 <= row < 14}
    logits.grad = None
    supernet(images, logits.softmax(dim=1)).sum().backward()
    assert (logits.grad.abs().sum(dim=1) > 0).all()


def test_nasbench301_with_its_auxiliary_output(naslib, images):
    """The graph keeps it, and torch copies no tensor that autograd computed: mended where NASLib copies graphs."""
    from naslib_ext.naslib_bridge.adapters.graph_supernet import as_supernet

    blank = naslib.search_spaces.NasBench301SearchSpace(n_classes=7, in_channels=1)
    supernet = as_supernet(blank)
    assert supernet(images, mixture(supernet).softmax(dim=1)).shape == (4, 7)
    code = supernet.space.sample(1, stream(0, "code"))[0]
    graph = supernet.standalone(code)
    assert graph_to_code(graph)[1].tolist() == code.tolist() and graph.num_classes == 7
    darts = naslib.optimizers.DARTSOptimizer()
    darts.adapt_search_space(blank, "digits")
    darts.graph(images)
    assert graph_to_code(darts.get_final_architecture())[0].name == "nasbench301"


def test_mistakes(naslib, blanks, blank_light, supernets, images):
    from naslib_ext.naslib_bridge.adapters.graph_supernet import as_supernet

    with pytest.raises(UnsupportedSpace, match="transbench101_micro"):
        as_supernet(naslib.search_spaces.TransBench101SearchSpaceMicro("jigsaw"))
    with pytest.raises(UnsupportedSpace, match="NASLib's graphs"):
        as_supernet(blank_light)
    graph = blanks["nasbench201"].clone()
    graph.set_spec([0, 0, 0, 0, 0, 0])
    with pytest.raises(UnsupportedSpace, match="not blank"):
        as_supernet(graph)
    with pytest.raises(UnsupportedSpace, match="scope"):
        as_supernet(blanks["nasbench201"], scope="stage_4")
    with pytest.raises(InvalidArchitecture, match=r"\(6, 5\)"):
        supernets["nasbench201"](images, torch.zeros(5, 5))
