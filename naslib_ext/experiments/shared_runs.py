"""Run folders that many processes share and that later comparisons extend.

A run is finished when its ``errors.json``, which is written last, has its configuration and its whole journal: it is
read and never touched again. Any other run is worked on under a claim, so that no two processes do the same one.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

import yaml
from tqdm import tqdm

from naslib_ext.atomic import write_atomically
from naslib_ext.benchmarks.result_cache import LEASE_SECONDS, Claim, ResultCache, TrainingKey
from naslib_ext.configuration import Config, read_yaml
from naslib_ext.defaults.run_folder import Record, RunFolder, folder_of, identity
from naslib_ext.errors import NaslibExtError, RunFolderError, RunsFailed, WorkerDied
from naslib_ext.experiments.executors import execute
from naslib_ext.experiments.table_formats import to_csv

Job = TypeVar("Job", bound=tuple[str, int])
Result = TypeVar("Result")

CLAIMS = "claims.sqlite"
"""The file, in a comparison's folder, of who works on what."""

POLL_SECONDS = 1.0
"""How often it is looked whether runs that other processes work on are done."""

BUDGET_KEYS = ("epochs", "checkpoint_freq")
"""Keys of ``search`` in which two lengths of the same run differ."""

_EPOCHS = re.compile(r"^search:\n(?:  .*\n)*?  epochs: (\d+)$", re.MULTILINE)


def finished(config: Config) -> list[Record] | None:
    """What a finished run evaluated; ``None`` where there is something to do yet. Raises ``RunFolderError``."""
    path = folder_of(config)
    try:
        written, results = json.loads((path / "errors.json").read_text())
        values = results["valid_acc"]
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or of the Trainer's long form
        return None
    if json.dumps(written, sort_keys=True) != json.dumps(identity(config), sort_keys=True):
        return None
    records = RunFolder(path).records()
    return records if records and len(records) == len(values) else None


def budget_of(folder: Path) -> int | None:
    """The budget of the run that the folder holds; ``None`` where it holds none."""
    try:
        text = (folder / "config.yaml").read_text() if (folder / "journal.jsonl").is_file() else ""
    except (OSError, ValueError):  # damaged: the run itself says so
        return None
    found = _EPOCHS.search(text)
    return int(found[1]) if found else None


def lengthen(config: Config) -> None:
    """Lets a run of a smaller budget, of a method that does not depend on the budget, go on to that of ``config``.

    Where the folder's configuration differs in anything else nothing changes, and the Trainer refuses it.
    """
    before = budget_of(folder_of(config))
    if before is None or before >= config.search.epochs:
        return
    path, new = folder_of(config) / "config.yaml", identity(config)
    old = read_yaml(path)
    old["search"] |= {name: new["search"][name] for name in BUDGET_KEYS}
    if old == new:
        write_atomically(path, yaml.safe_dump(new, sort_keys=True))


def check_budgets(methods: Mapping[str, tuple[Path, bool]], budget: int) -> None:
    """Raises ``RunFolderError`` where runs of another budget are in the way, before anything is run.

    Args:
        methods: name -> the folder of its runs, and whether a finished run of a smaller budget can go on.
        budget: queries a run.
    """
    for name, (folder, goes_on) in methods.items():
        budgets = {budget_of(run) for run in folder.glob("*")} - {budget, None}
        wrong = sorted(before for before in budgets if before is not None and (before > budget or not goes_on))
        if wrong:
            why = "the budget is smaller" if wrong[-1] > budget else f"{name} depends on the budget and cannot go on"
            raise RunFolderError(
                f"{folder} holds runs of {', '.join(map(str, wrong))} queries, not {budget}: {why}; "
                "remove that folder or compare in another one"
            )


def run_all(
    function: Callable[[Job], Result | None],
    jobs: Sequence[Job],
    is_free: Callable[[Job], bool],
    out: Path,
    **given: Any,
) -> dict[Job, Result]:
    """The result of every job; ``None`` from ``function`` means that another process is at it, and it is tried later.

    Args:
        function: does or reads one run.
        jobs: pairs of method and seed.
        is_free: whether no process is at a job.
        out: where ``failures.csv`` is written if some fail, once the others are done.
        given: executor, workers and address as ``execute`` takes them.

    Raises ``RunsFailed``, or what a run raised where that is a ``NaslibExtError``.
    """
    results: dict[Job, Result] = {}
    failures: dict[Job, Exception] = {}
    left = ready = list(jobs)
    with tqdm(desc="runs", total=len(jobs), disable=None, leave=False) as bar:
        while left:
            done = execute(function, ready, failed=failures.__setitem__, **given)
            for job, result in zip(ready, done, strict=True):
                if result is not None:
                    results[job] = result
                    bar.update()
            left = [job for job in left if job not in results and job not in failures]
            while left and not (ready := [job for job in left if is_free(job)]):
                time.sleep(POLL_SECONDS)
    _report_failures(out / "failures.csv", failures, len(jobs))
    return {job: results[job] for job in jobs}


def _report_failures(path: Path, failures: Mapping[Job, Exception], number: int) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    rows = [[*job, f"{type(error).__name__}: {error}"] for job, error in failures.items()]
    write_atomically(path, to_csv([["optimizer", "seed", "error"], *rows]))
    (name, seed), error = next(iter(failures.items()))
    if isinstance(error, NaslibExtError) and not isinstance(error, WorkerDied):
        raise error
    raise RunsFailed(
        f"{len(failures)} of {number} runs failed, see {path}; the others are kept and the same command tries these "
        f"again. {name}, seed {seed}: {type(error).__name__}: {error}"
    ) from error


@contextmanager
def claimed(folder: Path, config: Config) -> Iterator[bool]:
    """Whether the run is this process's while the context lasts; false where another process works on it.

    The claim of a process that was killed lapses at once on its own machine and after two minutes elsewhere.
    """
    own = folder_of(config)
    key = TrainingKey(config.search_space, config.dataset, "run", own.parent.name, config.seed)
    claim = ResultCache(folder / CLAIMS).claim(key)
    if not isinstance(claim, Claim):
        yield False
        return
    over = Event()
    heart = Thread(target=_keep_alive, args=(claim, over), daemon=True)
    heart.start()
    try:
        yield True
    finally:
        over.set()
        heart.join()
        claim.release()


def _keep_alive(claim: Claim, over: Event) -> None:
    while not over.wait(LEASE_SECONDS / 4):
        claim.renew()
