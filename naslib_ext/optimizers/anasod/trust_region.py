"""ANASOD's trust region: how far the Dirichlet distribution of candidates is drawn to the best encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEAST_BETA = 0.25
"""The smallest concentration above 0: one halving less is 0, and the first doubling of 0."""


@dataclass
class TrustRegion:
    """beta of Dir(k beta p* + 1), from 0 (the whole simplex) to ``beta_max`` (Wan et al., WACV 2022, section 3.2).

    ``success_tolerance`` successes in a row halve it, ``failure_tolerance`` failures in a row double it. The paper
    gives neither the tolerances, nor beta_max, nor what doubles 0.

    Difference from the paper: after ``restart_tolerance`` failures in a row at ``beta_max`` a new region begins, as in
    TuRBO, which the paper follows. A search would else stay for good with a p* that was a mistake.
    """

    beta_max: float
    success_tolerance: int
    failure_tolerance: int
    restart_tolerance: int
    beta: float = 0.0
    successes: int = 0
    failures: int = 0

    def update(self, success: bool) -> bool:
        """Takes note of one query; returns whether the region is given up, so that beta is 0 again."""
        self.successes, self.failures = (self.successes + 1, 0) if success else (0, self.failures + 1)
        smallest = self.beta == self.beta_max
        if self.successes >= self.success_tolerance:
            self.beta, self.successes = self.beta / 2 if self.beta / 2 >= LEAST_BETA else 0.0, 0
        elif self.failures >= (self.restart_tolerance if smallest else self.failure_tolerance):
            self.beta = 0.0 if smallest else min(max(2 * self.beta, LEAST_BETA), self.beta_max)
            self.failures = 0
            return smallest
        return False

    def state(self) -> dict[str, Any]:
        """What changes, as plain values."""
        return {"beta": self.beta, "successes": self.successes, "failures": self.failures}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what ``state`` gave."""
        self.beta, self.successes, self.failures = (state[name] for name in ("beta", "successes", "failures"))
