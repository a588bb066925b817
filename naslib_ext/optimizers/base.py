"""Ask and tell: what every query-based search method shares, and its NASLib side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from naslib_ext.errors import ConfigError, NaslibExtError, UnsupportedSpace
from naslib_ext.optimizers.descent import descend
from naslib_ext.optimizers.naslib_protocol import NaslibProtocol
from naslib_ext.parameters import Parameter, convert, settings
from naslib_ext.random_streams import stream
from naslib_ext.search_spaces import Codes, SearchSpace

Scores = NDArray[np.float64]
FreeScores = Mapping[str, Callable[[ArrayLike], Scores]]

DRAWS, CONSTRAINED_DRAWS = 8, 256
"""Random draws in a batch; where few keep to a constraint, there are more."""

SAMPLE_ROUNDS = 50
"""Batches of random draws without a new architecture before the space is listed to find the last ones."""


class Optimizer(NaslibProtocol):
    """A search method that queries one architecture after the other.

    A subclass declares its ``parameters`` and writes ``_propose`` (the next architecture), ``_observe`` (what came
    of it) and, for what it keeps beyond the history, ``_state`` and ``_load_state``. Never asking twice for the same
    architecture, the budget, failed evaluations, reproducibility and resuming are taken care of here.

    Lifetime: ``bind`` to a space, then ``ask`` and ``tell`` in turns. Random numbers come from streams named by the
    seed and the number of architectures asked so far, so a state restored with ``load_state_dict`` goes on exactly.
    The budget counts architectures asked for; what is told without having been asked for (a warm start) is free and
    is not asked for again.

    Whatever the method, ``search.constraints`` bounds scores that cost no query, ``{flops: 100}``: no architecture
    above a bound is asked for.

    Args:
        config: ``None``, a dict or NASLib's ``CfgNode``; parameters are read from its ``search`` section.
    """

    using_step_function = False
    parameters: ClassVar[dict[str, Parameter]] = {}
    depends_on_budget: ClassVar[bool] = False
    """Whether the budget changes what is asked, not only when it ends: then a larger one begins anew."""

    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.config = config
        search = (config or {}).get("search") or {}
        self.settings: dict[str, Any] = settings(self.parameters, search, "search.")
        bounds = convert(search.get("constraints") or {}, dict, "search.constraints")
        self.constraints = {name: convert(value, float, f"search.constraints.{name}") for name, value in bounds.items()}
        """Name of a score that costs no query -> the most that it may be."""
        self._space: SearchSpace | None = None

    @property
    def space(self) -> SearchSpace:
        """The search space it is bound to. Raises ``NaslibExtError`` before ``bind``."""
        if self._space is None:
            raise NaslibExtError(f"{type(self).__name__} is not bound to a search space; call bind first")
        return self._space

    def bind(
        self,
        space: SearchSpace,
        seed: int = 0,
        budget: int | None = None,
        key: str | None = None,
        free: FreeScores | None = None,
    ) -> Optimizer:
        """Starts a search from nothing; returns self.

        Args:
            space: where to search.
            seed: names the random streams.
            budget: number of distinct architectures that may be asked for; ``None`` is without limit.
            key: ``"code"`` or ``"canonical"``, what makes two codes the same; ``None`` takes the space's.
            free: scores that cost no query, name -> function of codes ``(n, L)``.

        Raises ``ConfigError`` where a constraint is on a score that is not among the free ones.
        """
        self._space = space
        self.seed = seed
        self.budget = budget
        self.key = key or space.key
        self.free: FreeScores = free or {}
        for name in self.constraints:
            self.free_score(name, "search.constraints")
        self._asked = 0
        self._known: dict[bytes, float | None] = {}
        self._codes: list[Codes] = []
        self._scores: list[float] = []
        self._best: int | None = None
        self._exhausted = False
        self._start()
        return self

    # what a method writes

    def _start(self) -> None:
        """Sets up the method's own state; called by ``bind``."""

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        """(L,) the next architecture, one that ``is_new``; ``None`` falls back on a random new one."""
        raise NotImplementedError

    def _observe(self, code: Codes, score: float) -> None:
        """Takes note of one told architecture; a failed one has the score -inf."""

    def _state(self) -> dict[str, Any]:
        """The method's own state, of plain values and arrays."""
        return {}

    def _load_state(self, state: dict[str, Any]) -> None:
        """Restores what ``_state`` gave."""

    # ask and tell

    def ask(self, n: int = 1) -> Codes:
        """(m, L) the next architectures to evaluate, m <= n; (0, L) when the budget or the space is used up."""
        if self.budget is not None:
            n = min(n, self.budget - self._asked)
        rows: list[Codes] = []
        while len(rows) < n:
            rng = stream(self.seed, "ask", self._asked)
            code = self._propose(rng)
            if code is None:
                code = self._sample_new(rng)
            if code is None:
                if self.constraints and not self._known:
                    raise self._infeasible()
                break
            self._known[self._key_of(code)] = None
            self._asked += 1
            rows.append(code)
        return np.array(rows, dtype=np.int8).reshape(-1, self.space.num_positions)

    def tell(self, codes: ArrayLike, scores: ArrayLike) -> None:
        """Reports scores ``(n,)`` of architectures ``(n, L)``; higher is better, NaN is a failed evaluation.

        Also takes architectures that were never asked for, in any order; one that is known already is ignored.
        Raises ``NaslibExtError`` where the numbers of rows differ and ``InvalidArchitecture`` for a bad code.
        """
        rows = self.space.check(codes)
        values = np.asarray(scores, dtype=np.float64).reshape(-1)
        if len(rows) != len(values):
            raise NaslibExtError(f"tell got {len(rows)} architectures and {len(values)} scores")
        for code, key, value in zip(rows, self.space.keys(rows, self.key), values.tolist(), strict=True):
            if self._known.get(key) is None:
                self._record(code, key, value)

    def spend(self, seconds: float) -> None:
        """Takes note of the simulated ``seconds`` of an evaluation, for methods that stop by time."""

    def _record(self, code: Codes, key: bytes, value: float) -> None:
        score = value if isfinite(value) else -np.inf
        code = code.copy()  # the caller may write into its array
        self._known[key] = score
        self._codes.append(code)
        self._scores.append(score)
        if score > -np.inf and (self._best is None or score > self._scores[self._best]):
            self._best = len(self._scores) - 1
        self._observe(code, score)

    @property
    def incumbent(self) -> tuple[Codes, float] | None:
        """(code, score) of the best architecture told so far; ``None`` before data and while all failed."""
        return None if self._best is None else (self._codes[self._best], self._scores[self._best])

    @property
    def history(self) -> tuple[Codes, Scores]:
        """All told architectures (n, L) and their scores (n,), in the order of telling; failed ones are -inf."""
        codes = np.stack(self._codes) if self._codes else np.empty((0, self.space.num_positions), dtype=np.int8)
        return codes, np.asarray(self._scores, dtype=np.float64)

    @property
    def pending(self) -> Codes:
        """(p, L) what was asked for and not told yet, by its key, in the order of asking."""
        keys = [key for key, score in self._known.items() if score is None]
        return np.frombuffer(b"".join(keys), dtype=np.int8).reshape(len(keys), self.space.num_positions)

    # helpers for methods

    def free_score(self, name: str, where: str) -> Callable[[ArrayLike], Scores]:
        """The score of that name that costs no query. Raises ``ConfigError`` saying ``where`` it was wanted."""
        if name not in self.free:
            known = ", ".join(sorted(self.free)) or "none"
            raise ConfigError(f"{where}: no score {name!r} that costs no query; there are: {known}")
        return self.free[name]

    def free_scores(self, names: str, where: str) -> list[Callable[[ArrayLike], Scores]]:
        """Those that ``names`` lists with commas between, or all of them. Raises ``ConfigError``."""
        wanted = sorted(self.free) if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
        return [self.free_score(name, where) for name in wanted]

    def is_new(self, codes: ArrayLike) -> NDArray[np.bool_]:
        """(n,) bool: which architectures have been neither asked for nor told, and keep to the constraints."""
        new = np.array([key not in self._known for key in self.space.keys(codes, self.key)], dtype=bool)
        return new & self.is_feasible(codes) if self.constraints else new

    def is_feasible(self, codes: ArrayLike) -> NDArray[np.bool_]:
        """(n,) bool: which architectures keep to all constraints."""
        feasible = np.ones(len(np.asarray(codes)), dtype=bool)
        for name, most in self.constraints.items():
            feasible &= self.free[name](codes) <= most
        return feasible

    def _excess(self, codes: Codes) -> Scores:
        """(n,) by how much architectures are above the constraints, in shares of the bounds, all added."""
        above = [
            np.maximum(self.free[name](codes) - most, 0) / (abs(most) or 1) for name, most in self.constraints.items()
        ]
        return np.sum(above, axis=0)

    def _infeasible(self) -> ConfigError:
        return ConfigError(f"search.constraints: found no architecture of {self.space.name} within {self.constraints}")

    def _key_of(self, code: Codes) -> bytes:
        return self.space.keys(code[None], self.key)[0]

    def _first_new(self, codes: Codes) -> Codes | None:
        """The first row of ``codes`` that is new."""
        new = np.flatnonzero(self.is_new(codes))
        return codes[new[0]] if len(new) else None

    def _next_new(self, queue: Codes) -> tuple[Codes | None, Codes]:
        """The first row of ``queue`` that is new, and the rows behind it; looks at no row that is not needed."""
        while len(queue):
            code, queue = queue[0], queue[1:]
            if self.is_new(code[None])[0]:
                return code, queue
        return None, queue

    def _best_new(self, codes: Codes, worth: Scores) -> Codes | None:
        """(L,) the architecture of ``codes`` (n, L) that is worth the most (n,) of the new ones, if any is."""
        while len(codes):
            number = min(len(self._known) + 1, len(codes))  # one of so many is new, if all differ and are feasible
            top = np.argpartition(-worth, number - 1)[:number]
            best = self._first_new(codes[top[np.lexsort((top, -worth[top]))]])
            if best is not None:
                return best
            codes, worth = np.delete(codes, top, axis=0), np.delete(worth, top)
        return None

    def _sample_new(self, rng: np.random.Generator) -> Codes | None:
        """(L,) a random new architecture from the space's distribution; ``None`` when there are no more."""
        if self._exhausted:
            return None
        for _ in range(SAMPLE_ROUNDS):
            code = self._first_new(self.space.sample(CONSTRAINED_DRAWS if self.constraints else DRAWS, rng))
            if code is not None:
                return code
        return self._last_new(rng)

    def _last_new(self, rng: np.random.Generator) -> Codes | None:
        """One of the few architectures left, found by listing the space."""
        try:
            codes = self.space.enumerate()
        except UnsupportedSpace:
            code = self._descended(rng) if self.constraints else None
            self._exhausted = code is None
            return code
        left = codes[self.is_new(codes)]
        self._exhausted = not len(left)
        return left[rng.integers(len(left))] if len(left) else None

    def _descended(self, rng: np.random.Generator) -> Codes | None:
        """A new architecture that keeps to the constraints, reached from a random one by single edits."""
        for code in self.space.sample(DRAWS, rng):
            code = self._first_new(descend(self.space, code, self._excess)[None])
            if code is not None:
                return code
        return None

    # state

    def state_dict(self) -> dict[str, Any]:
        """Everything that a search needs to go on elsewhere: plain values and arrays."""
        codes, scores = self.history
        return {
            "seed": self.seed,
            "asked": self._asked,
            "codes": codes,
            "scores": scores,
            "pending": self.pending,
            "method": self._state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores ``state_dict``'s result; the optimizer must be bound to the same space and settings."""
        self.seed = int(state["seed"])
        self._asked = int(state["asked"])
        codes = np.asarray(state["codes"], dtype=np.int8).reshape(-1, self.space.num_positions)
        self._codes = list(codes)
        self._scores = np.asarray(state["scores"], dtype=np.float64).tolist()
        self._known = dict(zip(self.space.keys(codes, self.key), self._scores, strict=True))
        self._known |= {row.tobytes(): None for row in np.asarray(state["pending"], dtype=np.int8)}
        self._best = int(np.argmax(self._scores)) if self._scores else None
        if self._best is not None and self._scores[self._best] == -np.inf:
            self._best = None
        self._exhausted = False
        self._start()
        self._load_state(state["method"])
