from collections.abc import Callable

import numpy as np
import pytest

from naslib_ext.benchmarks import TabularBenchmark
from naslib_ext.encodings.operation_distribution import encode, encoding_neighbors
from naslib_ext.errors import ConfigError
from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space, list_search_spaces
from naslib_ext.testing.made_up import smooth
from naslib_ext.testing.optimizer import OptimizerContract

NB201 = get_search_space("nasbench201")


class TestContract(OptimizerContract):
    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_ls")


class TestThePapersRules(OptimizerContract):
    config = {"search": {"query_full_nbhd": True, "paper_line9": True, "neighbor_order": "random", "num_init": 3}}

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("anasod_ls")


def test_defaults() -> None:
    assert get_optimizer("anasod_ls")().settings == {
        "per_cell": False, "num_init": 10, "query_full_nbhd": False, "neighbor_order": "predicted",
        "paper_line9": False,
    }  # fmt: skip


@pytest.mark.parametrize("search", [{"num_init": 0}, {"neighbor_order": "best"}])
def test_impossible_settings_are_refused(search: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"search.{next(iter(search))}"):
        get_optimizer("anasod_ls")({"search": search})


def test_it_is_no_worse_than_an_independent_implementation(check_error: Callable[[str, float, float], None]) -> None:
    check_error("anasod_ls", 15.11, 0.99)


class Walk:
    """A search, step by step, on scores that depend on the operation counts and, less, on their places."""

    def __init__(self, search: dict[str, object], seed: int = 0) -> None:
        self.optimizer = get_optimizer("anasod_ls")({"search": {"num_init": 1, **search}}).bind(NB201, seed)
        rng = np.random.default_rng(seed)
        self.by_operation, self.by_place = rng.normal(size=5), 0.01 * rng.normal(size=(6, 5))
        self.codes: list[np.ndarray] = []
        self.scores: list[float] = []

    def score(self, codes: np.ndarray) -> np.ndarray:
        return self.by_operation[codes].sum(axis=1) + self.by_place[np.arange(6), codes].sum(axis=1)

    def step(self) -> np.ndarray:
        code = self.optimizer.ask(1)
        self.optimizer.tell(code, self.score(code))
        self.codes.append(code[0])
        self.scores.append(float(self.score(code)[0]))
        return code[0]

    def encoding(self, step: int) -> list[int]:
        return encode(NB201, self.codes[step][None])[0].tolist()


@pytest.mark.parametrize("order", ["predicted", "random"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_walk_over_encodings_and_then_over_architectures(order: str, full: bool, seed: int) -> None:
    """Replays Algorithm 3: what is asked is a neighbour of the centre that the algorithm prescribes."""
    walk = Walk({"neighbor_order": order, "query_full_nbhd": full}, seed)
    walk.step()
    center, left = 0, {tuple(row) for row in encoding_neighbors(walk.encoding(0)).tolist()}
    while left:  # over encodings, until a whole neighbourhood has nothing better
        walk.step()
        step = len(walk.codes) - 1
        assert tuple(walk.encoding(step)) in left, "an encoding that is not adjacent or was tried before"
        left.remove(tuple(walk.encoding(step)))
        best = int(np.argmax(walk.scores))
        if best != center and not (full and left):
            center, left = best, {tuple(row) for row in encoding_neighbors(walk.encoding(best)).tolist()}
        known = {code.tobytes() for code in walk.codes}
        left = {row for row in left if any(code.tobytes() not in known for code in architectures_of(row))}
    best = int(np.argmax(walk.scores))
    for _ in range(20):  # over architectures
        near = {row.tobytes() for row in NB201.neighbors(walk.codes[best])} - {code.tobytes() for code in walk.codes}
        if not near:
            break
        assert walk.step().tobytes() in near
        if not full or len(near) == 1:
            best = int(np.argmax(walk.scores))


ALL = NB201.enumerate()
ALL_ENCODINGS = encode(NB201, ALL)


def architectures_of(encoding: tuple[int, ...]) -> np.ndarray:
    return ALL[np.equal(ALL_ENCODINGS, encoding).all(axis=1)]


def test_equals_do_not_move_the_search() -> None:
    """On a plateau the first neighbourhood is tried out, then the architectures around it, then it restarts."""
    optimizer = get_optimizer("anasod_ls")({"search": {"num_init": 1}}).bind(NB201, seed=1)
    first = optimizer.ask(1)
    optimizer.tell(first, [1.0])
    encodings = {tuple(row) for row in encoding_neighbors(encode(NB201, first)[0]).tolist()}
    asked = []
    for _ in range(len(encodings)):
        asked.append(optimizer.ask(1))
        optimizer.tell(asked[-1], [1.0])
    assert {tuple(row) for row in encode(NB201, np.concatenate(asked)).tolist()} == encodings
    near = {row.tobytes() for row in NB201.neighbors(first[0])} - {code.tobytes() for code in asked}
    for _ in range(len(near)):
        code = optimizer.ask(1)
        near.remove(code.tobytes())
        optimizer.tell(code, [1.0])
    assert not near


def test_line_9_goes_on_from_another_architecture_of_the_best_encoding() -> None:
    optimizer = get_optimizer("anasod_ls")({"search": {"num_init": 1, "paper_line9": True}}).bind(NB201, seed=0)
    first = optimizer.ask(1)
    optimizer.tell(first, [1.0])
    for _ in encoding_neighbors(encode(NB201, first)[0]):
        optimizer.tell(optimizer.ask(1), [0.0])
    again = optimizer.ask(1)
    assert encode(NB201, again).tolist() == encode(NB201, first).tolist() and (again != first).any()
    optimizer.tell(again, [0.5])  # worse than the first one, and yet the new centre
    assert (optimizer.ask(1) != again).sum() == 1


def test_the_order_of_neighbors_is_learned() -> None:
    """After the first neighbourhoods the operation that is worth most comes first."""
    places = []
    for order in ("predicted", "random"):
        optimizer = get_optimizer("anasod_ls")({"search": {"neighbor_order": order}}).bind(NB201, seed=0)
        warm = NB201.sample(50, np.random.default_rng(0))
        optimizer.tell(warm, (warm == 2).sum(axis=1) + 0.1 * (warm == 3).sum(axis=1))
        found = []
        while len(found) < 20:
            code = optimizer.ask(1)
            optimizer.tell(code, (code == 2).sum(axis=1) + 0.1 * (code == 3).sum(axis=1))
            found.append(int((code == 2).sum()))
        places.append(np.mean(found[10:]))
    assert places[0] > places[1]


@pytest.mark.parametrize("name", sorted(list_search_spaces()))
@pytest.mark.parametrize("per_cell", [False, True])
def test_every_space(name: str, per_cell: bool) -> None:
    space = get_search_space(name)
    config = {"search": {"num_init": 3, "per_cell": per_cell}}
    optimizer = get_optimizer("anasod_ls")(config).bind(space, budget=40)
    asked = []
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, smooth(space, codes))
        asked.append(codes)
    codes = np.concatenate(asked)
    assert len(codes) == len(set(space.keys(codes))) == 40 and space.is_valid(codes).all()


def test_it_finds_the_optimum_of_the_table(cifar10: TabularBenchmark) -> None:
    optimizer = get_optimizer("anasod_ls")().bind(cifar10.space, seed=0)
    while optimizer.incumbent is None or optimizer.incumbent[1] < cifar10.optimum("val_accuracy", 12):
        codes = optimizer.ask(1)
        optimizer.tell(codes, cifar10.score(codes, "val_accuracy", 12))
        assert len(optimizer.history[0]) < 1_000
