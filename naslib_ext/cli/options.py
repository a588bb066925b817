"""Types of options that several commands have."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What a command adds itself to."""


def positive(text: str) -> int:
    """A positive integer. Raises ``ArgumentTypeError``."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text}")
    return value


def sizes(text: str) -> tuple[int, ...]:
    """Distinct positive integers with commas between, in ascending order."""
    return tuple(sorted({positive(word) for word in text.split(",")}))
