"""Speed, growth and memory of the hot paths, beside a calibration kernel and other software, in one run.

    python runners/bench/runner.py [--topics A,B] [--out bench.json] [--docs docs/speed.md]
    python runners/bench/runner.py --quick
    python runners/bench/runner.py --read bench.json [--topics A,B] --docs docs/speed.md

Peers are measured where they can be imported (``pip install optuna botorch ConfigSpace``; NASLib by ``NASLIB_HOME``);
the others are listed with the reason why not.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from runners.bench.command import main

    sys.exit(main(__doc__))
