"""The process that reads foreign files: ``python -m naslib_ext.benchmarks.official.child KIND FOLDER FILES...``.

It writes tables with their manifests, and surrogates, into FOLDER. Exit status ``FAILED`` and one last line on standard
error say what is wrong with a file.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

from naslib_ext.benchmarks.official import FAILED, nasbench101, nasbench301, nats, suite_zero, transnas
from naslib_ext.benchmarks.table import Table, save_table
from naslib_ext.errors import NaslibExtError

READERS = {
    "nasbench101": nasbench101.read,
    "nasbench201": nats.read,
    "natsbench": nats.read,
    "nasbench360": nats.read,
    "nasbench301": nasbench301.read,
    "transbench101": transnas.read,
    "suite_zero": suite_zero.read,
}


def main(arguments: list[str]) -> int:
    """Reads the files; 0, or ``FAILED``."""
    kind, folder, *names = arguments
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    files = [Path(name) for name in names]
    try:
        for table in _tables(kind, files, Path(folder)):
            save_table(replace(table, source=f"{table.source}: {', '.join(file.name for file in files)}"), Path(folder))
    except NaslibExtError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return FAILED
    except MemoryError:
        print(f"{', '.join(names)}: not enough memory to read them", file=sys.stderr)
        return FAILED
    return 0


def _tables(kind: str, files: list[Path], folder: Path) -> list[Table]:
    """The tables of ``files``; folders of NAS-Bench-301 hold models, which are written at once."""
    models = [file for file in files if file.is_dir()] if kind == "nasbench301" else []
    if models:
        from naslib_ext.benchmarks.official.nasbench301_models import FILE, read_folders

        read_folders(models).save(folder / FILE)
    rest = [file for file in files if file not in models]
    return READERS[kind](rest) if rest else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
