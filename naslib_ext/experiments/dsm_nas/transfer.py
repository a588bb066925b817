"""DSM-NAS+: the subspaces found on one data set as the start on another (section IV-A of the paper)."""

from __future__ import annotations

from dataclasses import replace

from naslib_ext.experiments.dsm_nas.study import Runs, Settings, Study, run_dsm


def transfer(source: Study, target: str, settings: Settings) -> tuple[Study, dict[str, Runs]]:
    """Searches on ``source``, then on the data set ``target`` from the final centres and, beside it, from scratch.

    Both searches on the target have the same budget; the transferred centres are evaluated on it and charged. Returns
    the study of the target and its runs by name.
    """
    study = replace(source, dataset=target)
    found = run_dsm(source, settings)
    return study, {
        "dsm_nas": run_dsm(study, settings),
        "dsm_nas+": run_dsm(study, settings, found.centers),
    }
