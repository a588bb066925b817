"""The command: every topic in a process of its own, results to JSON and into the table of the docs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from naslib_ext import __version__
from runners.bench.meter import Meter
from runners.bench.report import format_results, write_docs

FORMAT = 1
TOPICS = ("spaces", "tables", "encodings", "predictors", "gaussian_process", "methods", "sizes", "shrinkage", "runs")
"""Modules of ``topics`` with a function ``measure``, in the order in which they run."""

PACKAGES = ("numpy", "scipy", "torch", "xgboost-cpu", "optuna", "botorch", "ConfigSpace", "scikit-learn")
RUNNER = Path(__file__).with_name("runner.py")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def main(description: str) -> int:
    """Runs the command line; the exit status is 1 where a topic failed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", metavar="A,B", help=f"of {', '.join(TOPICS)} (default: all, with --read none)")
    parser.add_argument("--quick", action="store_true", help="small sizes, once each: to see that everything runs")
    parser.add_argument("--out", metavar="FILE", help="JSON file of results")
    parser.add_argument("--docs", metavar="FILE", help="Markdown file whose table is written anew")
    parser.add_argument(
        "--read", metavar="FILE", help="results of an earlier run: topics that are not named are taken from it"
    )
    parser.add_argument("--topic", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.topic:
        Path(options.out).write_text(json.dumps(measure(options.topic, options.quick)))
        return 0
    try:
        results = json.loads(Path(options.read).read_text()) if options.read else _nothing(options.quick)
    except (OSError, ValueError) as error:
        parser.error(f"--read {options.read}: {error}")
    chosen = options.topics.split(",") if options.topics else [] if options.read else list(TOPICS)
    unknown = sorted(set(chosen) - set(TOPICS))
    if unknown:
        parser.error(f"no topic {', '.join(unknown)}; there are: {', '.join(TOPICS)}")
    for topic in chosen:
        results["topics"][topic] = _spawn(topic, options.quick)
        print(format_results(results, [topic]), flush=True)
    if options.out:
        Path(options.out).parent.mkdir(parents=True, exist_ok=True)
        Path(options.out).write_text(json.dumps(results, indent=1) + "\n")
    if options.docs:
        write_docs(Path(options.docs), results)
    return int(any("error" in topic for topic in results["topics"].values()))


def _nothing(quick: bool) -> dict[str, Any]:
    """Results before the first topic."""
    return {"format": FORMAT, "quick": quick, "machine": machine(), "topics": {}}


def _spawn(topic: str, quick: bool) -> dict[str, Any]:
    """One topic in a new process: what it imports and allocates is its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "topic.json")
        words = [sys.executable, str(RUNNER), "--topic", topic, "--out", str(file), *(["--quick"] if quick else [])]
        done = subprocess.run(words, env=os.environ | ONE_THREAD, stderr=subprocess.PIPE, text=True)
        if done.returncode or not file.is_file():
            print(done.stderr, file=sys.stderr)
            return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1], "items": []}
        result: dict[str, Any] = json.loads(file.read_text())
        return result


def measure(topic: str, quick: bool) -> dict[str, Any]:
    """The items of one topic, measured in this process."""
    module = import_module(f"runners.bench.topics.{topic}")
    meter = Meter(quick)
    module.measure(meter)
    title, _, note = (module.__doc__ or "").strip().partition("\n")
    return {
        "title": title.rstrip("."),
        "note": " ".join(note.split()),
        "seconds": time.process_time(),
        "kernel_seconds": meter.kernel_seconds,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "items": [asdict(item) for item in meter.items],
    }


def machine() -> dict[str, Any]:
    """What the figures depend on besides this repository."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {"naslib_ext": __version__, **{name: found for name in PACKAGES if (found := _version(name))}},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
