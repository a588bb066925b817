"""Figures 7 to 9: moving the subspaces, the reward, the graph, and the numbers K and M."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from naslib_ext.experiments.dsm_nas.ablations import PAPER as VARIANTS
from naslib_ext.experiments.dsm_nas.ablations import ablate
from naslib_ext.experiments.dsm_nas.mobile import PAPER as MOBILE_PAPER
from naslib_ext.experiments.dsm_nas.study import Settings, run_dsm
from naslib_ext.experiments.reproduction.dsm_nas.studies import DSM, best_found, mobile_study, table_study, uniform
from naslib_ext.experiments.reproduction.entry import Entry, Run
from naslib_ext.experiments.reproduction.table import Panel, Row, cell_of
from naslib_ext.random_streams import stream

DRAWN = 100
FIGURE_7 = {
    "mean": {"whole space": "87.37", "mined subspaces": "91.89"},
    "deviation": {"whole space": "9.71", "mined subspaces": "1.53"},
    "order": {
        DSM: "best", "random, mined subspaces": "second", "random with update": "below that",
        "random, whole space": "last", "no update": "below DSM-NAS", "untrained policy": "",
    },
}  # fmt: skip
FIGURE_7_NOTE = """The paper's two numbers are of *single* random architectures, in the whole space and within M
edits of what DSM-NAS ends with: the first panel, test accuracy after 200 epochs, 100 architectures a seed. Second
panel: the best validation accuracy after 12 epochs of 200 queries, of which the paper draws the order. Mining is
not charged to the second row, which is why it can be first. Both numbers of single architectures agree."""


def figure_7(run: Run) -> list[Panel]:
    """What random architectures are worth in both spaces, and searches with and without moving centres."""
    study = table_study(run)
    runs = ablate(study, "update", {})
    drawn: dict[str, list[NDArray[np.float64]]] = {"whole space": [], "mined subspaces": []}
    for seed, centers in enumerate(runs["dsm_nas"].centers):
        rng = stream(seed, "figure 7")
        best = centers[study.evaluate(centers).argmax()]
        codes = np.repeat(best[None], DRAWN, axis=0)
        for _ in range(4):
            codes = study.benchmark.space.mutate(codes, rng)
        drawn["mined subspaces"].append(study.benchmark.query(codes, "test_accuracy", 200))
        everywhere = uniform(study.benchmark, DRAWN, rng)
        drawn["whole space"].append(study.benchmark.query(everywhere, "test_accuracy", 200))
    single = [
        Row(name, (cell_of([v.mean() for v in values], FIGURE_7["mean"][name]),
                   cell_of([v.std() for v in values], FIGURE_7["deviation"][name])), run.seeds)
        for name, values in drawn.items()
    ]  # fmt: skip
    ours = {
        DSM: "dsm_nas", "random, mined subspaces": "random, mined", "random with update": "random with update",
        "random, whole space": "random, overall", "no update": "no update", "untrained policy": "untrained",
    }  # fmt: skip
    return [
        Panel("`nasbench201/cifar10`, random architectures", ("mean", "deviation"), tuple(single), (2,)),
        best_found(
            "`nasbench201/cifar10`, best found", {name: runs[key] for name, key in ours.items()}, FIGURE_7["order"]
        ),
    ]


ABLATION_QUERIES = 1_000
FIGURE_8 = {
    "reward": {DSM: "67.81 ± 0.18", "absolute reward": "67.63 ± 0.31"},
    "graph": {DSM: "67.81 ± 0.18", "without the graph": "67.12 ± 0.46"},
}
FIGURE_8_NOTE = """The paper: validation accuracy predicted for 1,000 images of 100 classes, in the MobileNet-like
space, 10 runs of 10,000 queries, `±` over runs. Here: Once-for-All's predictor for ImageNet, 1,000 queries, another
scale, so that only differences between rows compare; and the same on NAS-Bench-201 (validation accuracy after 12
epochs, 200 queries). Neither the graph nor the reward of improvement shows a gain here."""
CHANGES: Mapping[str, Settings] = {
    DSM: {},
    "absolute reward": {"reward": "absolute"},
    "without the graph": {"use_graph": False},
}


def figure_8(run: Run) -> list[Panel]:
    """Reward and graph, in the MobileNet-like space and on NAS-Bench-201."""
    mobile, study = mobile_study(run, ABLATION_QUERIES), table_study(run)
    published = {**FIGURE_8["reward"], **FIGURE_8["graph"]}
    on_mobile = {name: run_dsm(mobile, {**MOBILE_PAPER, **changes}) for name, changes in CHANGES.items()}
    on_table = {name: run_dsm(study, changes) for name, changes in CHANGES.items()}
    return [best_found("`mobilenet`", on_mobile, published), best_found("`nasbench201/cifar10`", on_table, {})]


FIGURE_9 = {
    "K": {"K = 1": "worst", "K = 10": "as good as more", "K = 20": "as K = 10"},
    "M": {"M = 1": "below M = 3", "M = 3": "best", "M = 20": "63.84, worst"},
}
FIGURE_9_NOTE = """The paper draws curves over K and M in the MobileNet-like space and prints one number, of M = 20,
which is 3.97 below M = 3 there (Figure 8's 67.81). Settings, scales and queries as in Figure 8; NAS-Bench-201 has 6
positions, so that M ends there. K centres cost K queries. With a tenth of the paper's queries, and on the table,
fewer subspaces and single edits do best here; that the largest M is worst holds."""


def figure_9(run: Run) -> list[Panel]:
    """Numbers of subspaces and distances, in the MobileNet-like space and on NAS-Bench-201."""
    mobile, study = mobile_study(run, ABLATION_QUERIES), table_study(run)
    swept = {"K": ("num_subspaces", (1, 5, 10, 20)), "M": ("distance", (1, 3, 5, 10, 20))}
    panels = []
    for letter, (key, values) in swept.items():
        runs = {f"{letter} = {value}": run_dsm(mobile, {**MOBILE_PAPER, key: value}) for value in values}
        panels.append(best_found("`mobilenet`", runs, FIGURE_9[letter], ordered=False))
        on_table = {name: run_dsm(study, changes) for name, changes in VARIANTS[letter].items()}
        panels.append(best_found("`nasbench201/cifar10`", on_table, FIGURE_9[letter], ordered=False))
    return panels


ENTRIES = (
    Entry("dsm-nas-figure-7", "Figure 7: moving the subspaces", 30, "not said", FIGURE_7_NOTE, figure_7, FIGURE_7),
    Entry("dsm-nas-figure-8", "Figure 8: reward and graph", 30, "10 runs", FIGURE_8_NOTE, figure_8, FIGURE_8),
    Entry("dsm-nas-figure-9", "Figure 9: K and M", 30, "not said", FIGURE_9_NOTE, figure_9, FIGURE_9),
)
