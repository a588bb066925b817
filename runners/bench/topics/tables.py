"""Benchmarks: queries of tables and surrogates, loading and importing."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from naslib_ext.benchmarks import CARRIED, Table, TabularBenchmark, load_benchmark
from naslib_ext.benchmarks.readers import read_csv, read_npz
from naslib_ext.benchmarks.surrogate import SurrogateBenchmark
from naslib_ext.benchmarks.table import load_table, save_table
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space
from runners.bench import made_up, peers
from runners.bench.meter import Meter, Work

TREES = 200
"""Most trees of a member of the surrogate: enough for what is measured."""


def measure(meter: Meter) -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        _queries(meter, rng)
        _loading(meter, Path(folder), rng)
        _surrogate(meter, Path(folder), rng)


def _queries(meter: Meter, rng: np.random.Generator) -> None:
    small, large = get_search_space("nasbench201"), get_search_space("nasbench301")
    complete = made_up.table(small, small.enumerate())
    number = meter.size(100_000, 20)
    asked = complete.codes[rng.integers(len(complete.codes), size=number)]
    item = meter.time("table, query of one of many", partial(complete.query, asked), number, memory=True)
    meter.grow(item, "n", meter.sizes(1_000, 10_000, 100_000), lambda size: partial(complete.query, asked[:size]))
    table = dict(zip(map(tuple, complete.codes.tolist()), complete.query(complete.codes).tolist(), strict=True))
    rows = asked.tolist()
    meter.compare(item, peers.LOOP, peers.plain(lambda: [table[tuple(row)] for row in rows], number))
    item = meter.time("table, query of one alone", partial(complete.query, asked[:1]))
    meter.compare(item, "NASLib", _naslib_query)
    carried = load_benchmark("nasbench201", "digits", data_dir=CARRIED)
    meter.time("table of canonical cells, query of one of many", partial(carried.query, asked), number, memory=True)
    partial_table = made_up.table(large, _distinct(large, meter.size(12_000, 20), rng))
    few = partial_table.codes[rng.integers(len(partial_table.codes), size=number)]
    item = meter.time("part of a large space, query of one of many", partial(partial_table.query, few), number)
    meter.grow(
        item,
        "rows of the table",
        meter.sizes(1_000, 10_000, 100_000),
        lambda rows: partial(made_up.table(large, _distinct(large, rows, rng)).holds, few, "val_accuracy"),
    )


def _loading(meter: Meter, folder: Path, rng: np.random.Generator) -> None:
    path = next(CARRIED.glob("*.npz"))
    meter.time("load a table of 6,466 rows, manifest and checksum", partial(load_table, path), memory=True)
    space = get_search_space("nasbench201")
    sizes, files = meter.sizes(500, 2_000, 8_000), {}
    for rows in (*sizes, meter.size(8_000, 8)):
        codes = _distinct(space, rows, rng)
        files[rows] = _csv(folder / f"{rows}.csv", space, codes)
    most = meter.size(8_000, 8)
    reading = partial(read_csv, space=space, dataset="made-up")
    item = meter.time("import a CSV, a row", partial(reading, files[most]), most, memory=True)
    meter.grow(item, "rows", sizes, lambda rows: partial(reading, files[rows]))
    codes = space.enumerate()[: meter.size(15_625, 8)]
    columns = {f"made-up/val_accuracy@{epoch}": made_up.additive(space, epoch)(codes) for epoch in range(1, 11)}
    table = Table(space, codes, columns, ["made-up"], "code", {"val_accuracy": True}, "made up", "CC0")
    item = meter.time("save a table of 10 columns, a row", partial(save_table, table, folder), len(codes), memory=True)
    np.savez(folder / "nasbench201_foreign.npz", codes=codes, **columns)  # type: ignore[arg-type]
    meter.time(
        "import an npz of 10 columns, a row",
        partial(read_npz, folder / "nasbench201_foreign.npz"),
        len(codes),
        memory=True,
    )


def _surrogate(meter: Meter, folder: Path, rng: np.random.Generator) -> None:
    space = get_search_space("nasbench301")
    fit = partial(SurrogateBenchmark.fit, columns=["val_accuracy"], rounds=meter.size(TREES, 2))

    def table(rows: int) -> TabularBenchmark:
        return made_up.table(space, _distinct(space, rows, rng))

    known = table(meter.size(4_000, 60))
    item = meter.time(f"surrogate, fit of {TREES} trees x 5 to one row", partial(fit, known), len(known.codes))
    meter.grow(
        item, "rows", (60, 80, 100) if meter.quick else (500, 2_000, 8_000), lambda rows: partial(fit, table(rows))
    )
    surrogate = fit(known)
    asked = space.sample(meter.size(10_000, 20), rng)
    item = meter.time("surrogate, query of one of many", partial(surrogate.query, asked), len(asked), memory=True)
    meter.grow(item, "n", meter.sizes(100, 1_000, 10_000), lambda size: partial(surrogate.query, asked[:size]))
    meter.time("surrogate, query of one alone", partial(surrogate.query, asked[:1]))
    surrogate.save(folder / "surrogate.npz")
    meter.time("surrogate, load", partial(SurrogateBenchmark.load, folder / "surrogate.npz"), memory=True)


def _distinct(space: SearchSpace, number: int, rng: np.random.Generator) -> Codes:
    codes = np.unique(space.sample(2 * number + 20, rng), axis=0)
    return rng.permutation(codes)[:number]


def _csv(path: Path, space: SearchSpace, codes: Codes) -> Path:
    values = made_up.additive(space)(codes)
    lines = [f"{space.to_string(code)},{value}" for code, value in zip(codes, values, strict=True)]
    path.write_text("\n".join(["architecture,val_accuracy", *lines]) + "\n")
    return path


def _naslib_query() -> tuple[Work, int]:
    graph: Any = peers.naslib("naslib.search_spaces", "NasBench201SearchSpace")()
    metric = peers.naslib("naslib.search_spaces.core.query_metrics", "Metric").VAL_ACCURACY
    from naslib_ext.naslib_bridge.adapters.dataset_api import dataset_api

    space = get_search_space("nasbench201")
    api = dataset_api(made_up.table(space, space.enumerate(), "cifar10"))
    graph.sample_random_architecture(dataset_api=api)
    return lambda: graph.query(metric, "cifar10", dataset_api=api), 1
