"""Tables II and IV, Figures 4 and 5: searches beside other methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.dsm_nas.mobile import PAPER as MOBILE_PAPER
from naslib_ext.experiments.dsm_nas.mobile import TUNED as MOBILE_TUNED
from naslib_ext.experiments.dsm_nas.mobile import search_within
from naslib_ext.experiments.dsm_nas.study import run_dsm, run_other, summarize
from naslib_ext.experiments.dsm_nas.transfer import transfer
from naslib_ext.experiments.reproduction.dsm_nas.studies import DSM, PLUS, TUNED, mobile_study, table_study
from naslib_ext.experiments.reproduction.entry import Entry, Run
from naslib_ext.experiments.reproduction.table import Cell, Panel, Row, cell_of
from naslib_ext.search_spaces import Codes

# Table II

DATASETS = ("cifar10", "cifar100")
OTHERS = {
    "Random Search (`rs`)": "rs",
    "REINFORCE (`reinforce`)": "reinforce",
    "Regularized evolution (`re`)": "re",
    "Local search (`ls`)": "ls",
}
"""The other methods that are measured here."""

TABLE_2: Mapping[str, Mapping[str, str]] = {
    "cifar10": {
        "Random Search (`rs`)": "93.88 ± 0.27",
        "REINFORCE (`reinforce`)": "93.85 ± 0.37",
        DSM: "94.23 ± 0.22",
    },
    "cifar100": {
        "Random Search (`rs`)": "71.54 ± 1.04",
        "REINFORCE (`reinforce`)": "71.71 ± 1.09",
        DSM: "72.76 ± 0.80",
        PLUS: "73.12 ± 0.61",
    },
}
TABLE_2_NOTE = """Test accuracy in percent after 200 epochs of what a search rewarded with the validation accuracy
after 12 epochs finds; the paper's `±` is the standard deviation over 500 runs of 25,000 simulated seconds. The
table at hand has no training times: a search here is 200 distinct queries (the released code ends after 201
iterations), the first K centres among them and repeats free. The paper's row of REINFORCE is, digit for digit, one
of an older table of NAS-Bench-201, which that table reports after 27,871 s; it is quoted all the same. DSM-NAS+
starts from the centres of a search on CIFAR-10. The released code edits rejected centres in place; it is not what
runs here (docs/dsm_nas.md). Random search and DSM-NAS agree with the paper; REINFORCE, regularized evolution and
local search are better here than the row quoted for REINFORCE, the last two level with DSM-NAS or above it. The
paper leaves them out."""


def table_2(run: Run) -> list[Panel]:
    """Test accuracies of searches on the data set itself, and of those on CIFAR-10 looked up on CIFAR-100."""
    tests: dict[str, dict[str, Mapping[str, list[float]]]] = {}
    for dataset in DATASETS:
        study = table_study(run, dataset)
        runs = {name: run_other(study, key) for name, key in OTHERS.items()}
        runs |= {DSM: run_dsm(study, {}), TUNED: run_dsm(study, {"preset": "tuned"})}
        if dataset == "cifar100":
            runs[PLUS] = transfer(table_study(run), dataset, {})[1]["dsm_nas+"]
        tests[dataset] = {name: of["test"] for name, of in summarize(study, runs)["methods"].items()}
    rows = []
    for name in tests["cifar100"]:
        cells = [
            _test_cell(tests[dataset][name][dataset], run.seeds, TABLE_2[dataset].get(name, ""))
            if name in tests[dataset] else Cell() for dataset in DATASETS
        ]  # fmt: skip
        rows.append(Row(name, tuple(cells), run.seeds))
    looked_up = [
        Row(name, (_test_cell(of["cifar100"], run.seeds, TABLE_2["cifar100"].get(name, "")),), run.seeds)
        for name, of in tests["cifar10"].items()
    ]
    both = ("CIFAR-10", "CIFAR-100")
    return [
        Panel("`nasbench201`, searched on the data set itself", both, tuple(rows), (2,), both),
        Panel("`nasbench201`, searched on CIFAR-10 alone", ("CIFAR-100",), tuple(looked_up), (2,), ("CIFAR-100",)),
    ]


def _test_cell(value: list[float], seeds: int, paper: str) -> Cell:
    mean, deviation = value
    return Cell(paper, mean, deviation / (seeds - 1) ** 0.5 if seeds > 1 else None, deviation)


# Table IV and Figures 4 and 5

MOBILE_QUERIES = 10_000
EVOLUTION = "Evolution (`re`; OFA-Large in the paper)"
TABLE_4 = {
    "top-1": {DSM: "79.9", EVOLUTION: "80.0"},
    "million multiply-adds": {DSM: "597", EVOLUTION: "595"},
}
FIGURE_4 = {"share": {"3 x 3": "fewest", "5 x 5": "many more", "7 x 7": "many more"}}
TABLE_4_NOTE = """Searches under 600 million multiply-adds, 10,000 queries. **The two accuracies are not
comparable**: the paper trains what it found on ImageNet, here they are predictions of Once-for-All's published
predictor, at resolution 224. The multiply-adds are. OFA-Large took 20,000 queries. The second panel is what the
paper says of Figures 4 and 5: the kernels of what was found. Here evolution is ahead of DSM-NAS as published, and
kernels are used about alike."""


def table_4(run: Run) -> list[Panel]:
    """Predicted accuracy and multiply-adds of what is found in the MobileNet-like space, and its kernels."""
    study = mobile_study(run, MOBILE_QUERIES)
    runs = {
        "Random search (`rs`)": search_within(study, "rs"),
        EVOLUTION: search_within(study, "re"),
        DSM: run_dsm(study, MOBILE_PAPER),
        TUNED: run_dsm(study, MOBILE_TUNED),
    }
    flops = study.benchmark.free["flops"]
    rows = [
        Row(name, (cell_of(of.best[:, -1], TABLE_4["top-1"].get(name, "")),
                   cell_of(flops(of.found), TABLE_4["million multiply-adds"].get(name, ""))), study.seeds)
        for name, of in runs.items()
    ]  # fmt: skip
    kernels = _kernel_shares(runs[DSM].found)
    shares = [
        Row(kernel, (cell_of(kernels[:, i], text),), study.seeds)
        for i, (kernel, text) in enumerate(FIGURE_4["share"].items())
    ]
    return [
        Panel("`mobilenet`", tuple(TABLE_4), tuple(rows), (2,)),
        Panel(f"share of the layers of {DSM}'s architectures", ("",), tuple(shares), (2,)),
    ]


def _kernel_shares(codes: Codes) -> NDArray[np.float64]:
    """(n, 3) shares of the kernels 3, 5 and 7 among the layers of codes (n, 20); 0 is no layer, three widths each."""
    kernel = np.where(codes > 0, (codes - 1) // 3, -1)
    counts = np.stack([(kernel == k).sum(axis=1) for k in range(3)], axis=1)
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares


ENTRIES = (
    Entry("dsm-nas-table-2", "Table II: NAS-Bench-201", 100, "500 runs", TABLE_2_NOTE, table_2, TABLE_2),
    Entry("dsm-nas-table-4", "Table IV, Figures 4 and 5: the MobileNet-like space", 5, "one search", TABLE_4_NOTE,
          table_4, {**TABLE_4, **FIGURE_4}),
)  # fmt: skip
