"""Search methods: ask and tell, for one of 150 queries.

All on the NAS-Bench-201 table that the package carries (data set digits), whose keys are canonical cells; the
benchmark's own time is left out of ours, and a few microseconds a query of the others'. Growth
is that of a whole search: 1 where a query always takes as long.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import numpy as np

from naslib_ext.benchmarks import CARRIED, Benchmark, load_benchmark
from naslib_ext.optimizers import list_optimizers
from naslib_ext.search_spaces import get_search_space
from runners.bench import made_up, peers
from runners.bench.meter import PATIENCE, Item, Meter, Work, peak_megabytes, power_law
from runners.bench.naslib_searches import METHODS
from runners.bench.naslib_searches import search as naslib_search
from runners.bench.searches import spent

BUDGETS = (75, 150, 300)
REPEATS = 5
REFIT_EVERY, NUM_INIT, NUM_CANDIDATES = 5, 10, 500
"""Of ``adj_bo``, for the same search with BoTorch."""


def measure(meter: Meter) -> None:
    benchmark = load_benchmark("nasbench201", "digits", data_dir=CARRIED)
    items = {name: _search(meter, name, benchmark) for name in list_optimizers("query")}
    queries = meter.size(BUDGETS[1], 5)
    weights = np.random.default_rng(0).random((6, 5))
    meter.compare(items["re"], peers.LOOP, peers.plain(partial(_plain_evolution, weights, queries), queries))
    for name, sampler in (("rs", "RandomSampler"), ("tpe", "TPESampler")):
        meter.compare(items[name], f"Optuna {sampler}", partial(_optuna, sampler, benchmark, queries))
    meter.compare(items["adj_bo"], "BoTorch, SingleTaskGP and LogEI", partial(_botorch, benchmark, meter.size(50, 5)))
    for name in ("rs", "re", "ls"):
        meter.compare(items[name], "NASLib", partial(_naslib, name, meter.size(20, 2)))


def _search(meter: Meter, name: str, benchmark: Benchmark) -> Item:
    """Whole searches: the cost of a query grows with the number of observations."""
    marks = BUDGETS if not meter.quick else (12, 14, 16)
    search = partial(spent, name, benchmark, marks[-1])
    if not meter.quick:
        search()  # builds what the space and the encodings keep
    runs, kernels = [search()], [meter.kernel()]
    while not meter.quick and len(runs) < REPEATS and sum(run[-1] for run in runs) < PATIENCE:
        kernels.append(meter.kernel())
        runs.append(search())
    seconds = [min(run[min(mark, len(run)) - 1] for run in runs) for mark in marks]
    item = meter.add(f"`{name}`, a query", seconds[1] / marks[1], min(kernels))
    item.growth.append(power_law("queries", marks, seconds))
    if not meter.quick:
        item.megabytes = peak_megabytes(partial(spent, name, benchmark, marks[1]))
    return item


def _plain_evolution(weights: np.ndarray, queries: int) -> None:
    """Regularized evolution as one writes it down: no stream, journal or state to resume from."""
    drawer = random.Random(0)
    population: list[tuple[list[int], float]] = []
    known: set[tuple[int, ...]] = set()
    while len(known) < queries:
        if len(population) < 30:
            code = [drawer.randrange(5) for _ in range(6)]
        else:
            drawn = [drawer.choice(population) for _ in range(10)]
            code = list(max(drawn, key=lambda member: member[1])[0])
            code[drawer.randrange(6)] = drawer.randrange(5)
        if tuple(code) not in known:
            known.add(tuple(code))
            population.append((code, float(sum(weights[i][c] for i, c in enumerate(code)))))
            population = population[-30:]


def _optuna(sampler: str, benchmark: Benchmark, queries: int) -> tuple[Work, int]:
    """Optuna's own loop of ask and tell, a categorical variable for each edge."""
    optuna = peers.package("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options: dict[str, Any] = {"multivariate": True} if sampler == "TPESampler" else {}
    choices = {f"edge {edge}": optuna.distributions.CategoricalDistribution(list(range(5))) for edge in range(6)}

    def search() -> None:
        study = optuna.create_study(direction="maximize", sampler=getattr(optuna.samplers, sampler)(seed=0, **options))
        for _ in range(queries):
            trial = study.ask(choices)
            code = np.array([list(trial.params.values())], dtype=np.int8)
            study.tell(trial, float(benchmark.score(code)[0]))

    return search, queries


def _botorch(benchmark: Benchmark, queries: int) -> tuple[Work, int]:
    """``adj_bo`` with BoTorch's parts: as many candidates, refits at the same queries."""
    torch, botorch, mll = peers.package("torch"), peers.package("botorch"), peers.package("gpytorch.mlls")
    acquisition = peers.package("botorch.acquisition.analytic").LogExpectedImprovement
    optimize = peers.package("botorch.optim").optimize_acqf_discrete
    space = benchmark.space

    def features(codes: np.ndarray) -> Any:
        return torch.tensor(np.eye(5)[codes].reshape(len(codes), -1), dtype=torch.float64)

    def search() -> None:
        rng = np.random.default_rng(0)
        codes = space.sample(min(NUM_INIT, queries - 1), rng)
        model, last = None, 0
        candidates = codes
        while len(codes) < queries:
            scores = torch.tensor(benchmark.score(codes))[:, None]
            targets = (scores - scores.mean()) / scores.std()
            if model is None or len(codes) - last >= max(REFIT_EVERY, 0.1 * last):
                model = botorch.models.SingleTaskGP(features(codes), targets)
                botorch.fit_gpytorch_mll(mll.ExactMarginalLogLikelihood(model.likelihood, model))
                last, candidates = len(codes), space.sample(NUM_CANDIDATES, rng)
            else:
                model.set_train_data(features(codes), targets[:, 0], strict=False)
            chosen, _ = optimize(acquisition(model, targets.max()), 1, features(candidates))
            code = chosen.reshape(6, 5).argmax(dim=1).numpy().astype(np.int8)
            codes = np.concatenate([codes, code[None]])

    return search, queries


def _naslib(name: str, queries: int) -> tuple[Work, int]:
    """NASLib's optimizer in its Trainer, on its graphs, whose values the table has under a name that they know."""
    peers.naslib("naslib.optimizers", METHODS[name])
    peers.naslib("naslib.defaults.trainer", "Trainer")  # importing is not searching
    space = get_search_space("nasbench201")
    table = made_up.table(space, space.enumerate(), "cifar10")
    return lambda: naslib_search(name, "graph", queries, 0, table), queries
