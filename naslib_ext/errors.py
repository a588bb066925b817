"""The errors that this package raises on purpose: one small family, one root."""

from __future__ import annotations

import sys
from collections.abc import Callable


class NaslibExtError(Exception):
    """Root of every error that ``naslib_ext`` raises on purpose."""


class InvalidArchitecture(NaslibExtError, ValueError):
    """A code has the wrong shape, a value out of range, or breaks a rule of its search space."""


class UnsupportedSpace(NaslibExtError):
    """The search space cannot do what is asked of it, such as an operation view or an enumeration."""


class UnknownName(NaslibExtError, KeyError):
    """A registry, a table or a configuration has no entry of that name."""

    def __str__(self) -> str:  # KeyError would print the quoted repr of the message
        return str(self.args[0]) if self.args else ""


class UnknownArchitecture(NaslibExtError, LookupError):
    """The benchmark holds no row for that architecture."""


class MissingMetric(NaslibExtError, LookupError):
    """The benchmark has no such metric, schedule or value."""


class DataFileError(NaslibExtError):
    """A table file or an import source is damaged, incomplete or of an unknown form."""


class ConfigError(NaslibExtError, ValueError):
    """A configuration key is unknown, or its value has the wrong type or an impossible value."""


class RunFolderError(NaslibExtError):
    """A run folder holds results that do not belong to the run that is to be written there."""


class MissingDependency(NaslibExtError, ImportError):
    """An optional package is needed and not installed."""


class WorkerDied(NaslibExtError):
    """A job kills every worker process that it gets."""


class RunsFailed(NaslibExtError):
    """Some runs of a comparison failed; the others are kept."""


def exit_status(work: Callable[[], object], program: str = "runner.py", again: str = "the same command") -> int:
    """Does the ``work`` of a command: 0, or 1 with one line on standard error, or 130 where it was interrupted.

    The line is that of a ``NaslibExtError``, or of the system: a folder that cannot be written, a full disk. ``again``
    is what goes on after an interrupt.
    """
    try:
        work()
    except (NaslibExtError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted; {again} goes on", file=sys.stderr)
        return 130
    return 0
