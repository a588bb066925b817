"""DSM-NAS (Chen et al., 2024): a learned controller that mines subspaces."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.optimizers.base import SAMPLE_ROUNDS, Optimizer
from naslib_ext.optimizers.dsm_nas.controller import Controller, Learning
from naslib_ext.optimizers.dsm_nas.critic import AdditiveCritic
from naslib_ext.optimizers.dsm_nas.edits import NEVER, Edits, Mask
from naslib_ext.optimizers.dsm_nas.neighborhoods import Neighborhoods
from naslib_ext.optimizers.dsm_nas.policy import Decisions, Observation, PolicyShape
from naslib_ext.optimizers.dsm_nas.presets import PARAMETERS, resolve
from naslib_ext.optimizers.dsm_nas.proposal import Proposal, pack, unpack
from naslib_ext.optimizers.dsm_nas.subspace_graph import SubspaceGraph
from naslib_ext.optimizers.dsm_nas.warm_start import final_subspaces
from naslib_ext.search_spaces import Codes

REPEATS = 50
"""Known architectures in a row, each rewarded from memory, before a random new one is asked for."""


class DSMNAS(Optimizer):
    """Algorithm 1 of the paper, with rewards from a benchmark instead of a supernet.

    K random architectures are the centres of the first subspaces. Each iteration the policy (``policy.py``) chooses a
    subspace and edits its centre alpha M times; the result beta is rewarded with R(beta) - R(alpha), takes the place of
    alpha where that is positive, and the policy learns by REINFORCE with a moving baseline, which has seen the reward
    before it is subtracted. The answer is the best centre.

    Differences from the paper and its code: an architecture that is known already is rewarded from memory and costs
    no query; the K first ones do cost one each, and differ; an edit that would be no architecture has probability zero
    (the code's MobileNet layers are swapped instead); nodes show a standardised accuracy, not one in percent
    (``score_feature: percent``); rejected edits leave the centre as it was, where the released NAS-Bench-201 code
    keeps them; an answer that failed teaches nothing. Where answers come late, the policy has moved on since it was
    asked, and learns as if it had not.
    """

    parameters = PARAMETERS

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.settings = resolve(self.settings)
        if self.settings["replace_exhausted"] and not self.settings["avoid_repeats"]:
            raise ConfigError("search.replace_exhausted: needs search.avoid_repeats")

    def _start(self) -> None:
        if self.settings["limit_score"]:
            self.free_score(self.settings["limit_score"], "search.limit_score")
        self.graph = SubspaceGraph(self.space, self.settings["num_subspaces"], self.settings["score_feature"])
        self.edits = Edits(self.space)
        self._lessons: list[tuple[Decisions, float]] = []
        self.ready: Codes | None = None
        self._controller: Controller | None = None
        self._critic = AdditiveCritic(self.space)
        self._baseline: float | None = None
        self._failures = np.zeros(self.settings["num_subspaces"], dtype=np.int64)
        self._proposals: dict[bytes, Proposal] = {}
        self._given: Codes | None = None
        self._seconds = 0.0
        self._neighborhoods = Neighborhoods(
            self.edits, self.may_be_center, partial(self.space.keys, key=self.key), 4 * self.settings["num_subspaces"]
        )

    @property
    def controller(self) -> Controller:
        """The policy and its optimizer, made when first needed."""
        if self._controller is None:
            self._controller = self.controller_of([self.seed], torch.float64)
        return self._controller

    def controller_of(self, seeds: list[int], dtype: torch.dtype) -> Controller:
        """Controllers of searches like this one with other ``seeds``."""
        s = self.settings
        shape = PolicyShape(
            self.graph.num_features, s["num_subspaces"], s["distance"], self.space.num_positions,
            self.edits.num_operations, s["width"], s["subspace_limit"], s["local_limit"], s["use_graph"], s["context"],
        )  # fmt: skip
        rate = s["learning_rate"] if s["policy"] == "learned" else 0.0
        controller = Controller(shape, self.edits, Learning(rate, s["weight_decay"], s["entropy_weight"]), seeds, dtype)
        if s["policy"] == "random":
            controller.load_weights(np.zeros(1))  # all logits are equal
        return controller

    # asking

    def ask(self, n: int = 1) -> Codes:
        limit = self.settings["time_limit"]
        if limit and len(self._scores) and not self._seconds:
            raise NaslibExtError("search.time_limit: nobody says how long evaluations take; call spend after each")
        return super().ask(0 if limit and self._seconds >= limit else n)

    def spend(self, seconds: float) -> None:
        """Counts simulated ``seconds`` of evaluations towards ``time_limit``; the one that passes it is kept."""
        self._seconds += seconds

    def _propose(self, rng: np.random.Generator) -> Codes | None:
        if self.ready is not None:
            code, self.ready = self.ready, None
            return code
        for _ in range(REPEATS):
            if not self.needs_policy():
                return self._without_policy(rng)
            decisions, codes = self.controller.sample(self.observation(rng), self.uniforms(rng)[None])
            if self.accept(decisions, codes[0]):
                return codes[0]
            self._learn()
        return None

    @property
    def num_asked(self) -> int:
        """Architectures asked for so far."""
        return self._asked

    @property
    def has_budget(self) -> bool:
        """Whether another architecture may be asked for."""
        return self.budget is None or self._asked < self.budget

    def random_new(self, rng: np.random.Generator) -> Codes | None:
        """(L,) a random architecture that is not known; ``None`` when there are no more."""
        return self._sample_new(rng)

    def uniforms(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """(1 + 2M,) the random numbers of one iteration."""
        return rng.random(1 + 2 * self.settings["distance"])

    def needs_policy(self) -> bool:
        """Whether the policy has the next word; otherwise a random or given architecture becomes a centre."""
        return self.graph.is_full and not self._barren.all() and not self._to_replace.any()

    @property
    def _barren(self) -> Mask:
        """(K,) whose centres have no new neighbour; with M > 1 there is always something beyond them."""
        if not self.settings["avoid_repeats"] or self.settings["distance"] > 1:
            return np.zeros(self.graph.size, dtype=bool)
        neighbors = (self._neighborhoods.of(code)[0] for code in self.graph.codes)
        return np.array([all(key in self._known for key in keys) for keys in neighbors])

    @property
    def _to_replace(self) -> Mask:
        """(K,) exhausted ones that are to give way, and for which no architecture has been asked for yet."""
        waiting = [proposal.slot for proposal in self._proposals.values() if proposal.decisions is None]
        exhausted = self._barren & self.settings["replace_exhausted"]
        exhausted[waiting] = False
        return exhausted

    def _without_policy(self, rng: np.random.Generator) -> Codes | None:
        if not self.graph.is_full:
            given = self._first_new(self._given_codes())
            return given if given is not None else self._random_center(rng)
        code = self._random_center(rng)
        if code is not None and self._to_replace.any():
            slot = int(self._to_replace.argmax())
            self._proposals[self._key_of(code)] = Proposal(slot, float(self.graph.scores[slot]), None)
        return code

    def _given_codes(self) -> Codes:
        """(m, L) the architectures to start from, read once."""
        if self._given is None:
            initial = np.asarray(self.settings["initial"], dtype=np.int64).reshape(-1, self.space.num_positions)
            folder = self.settings["warm_start"]
            known = final_subspaces(folder, self.space, self.settings["num_subspaces"]) if folder else initial[:0]
            self._given = self.space.check(np.concatenate([initial, known]))
        return self._given

    def _random_center(self, rng: np.random.Generator) -> Codes | None:
        """(L,) a random new architecture that may become a centre, where some are found."""
        for _ in range(SAMPLE_ROUNDS if self.settings["limit_score"] else 0):
            codes = self.space.sample(8, rng)
            code = self._first_new(codes[self.may_be_center(codes)])
            if code is not None:
                return code
        return self._sample_new(rng)

    def may_be_center(self, codes: Codes) -> Mask:
        """(n,) bool: which architectures (n, L) are within the limit, so that they can be centres and answers."""
        within = self.is_feasible(codes)
        if self.settings["limit_score"]:
            within &= np.asarray(self.free[self.settings["limit_score"]](codes)) <= self.settings["limit"]
        return within

    # what the policy sees and may do

    def observation(self, rng: np.random.Generator) -> Observation:
        """The graph of this search, as a batch of one; ``rng`` draws whether the critic is heard."""
        features, slots, codes = self.graph.nodes()
        values = None
        prior = self.settings["rank_weight"] * (np.arange(len(slots)) - len(slots) + 1.0)
        prior -= self.settings["failure_weight"] * self._failures[slots] / self.edits.num_edits
        prior[self._barren[slots]] = NEVER
        if self.settings["critic_weight"]:
            self._critic.fit()
            heard = rng.random() >= self.settings["exploration"]
            values = heard * self.settings["critic_weight"] * self._critic.values[None]
        new = [self._new_edits] if self.settings["avoid_repeats"] else None
        return Observation(features[None], slots[None], codes[None], prior[None], values, new)

    def _new_edits(self, code: Codes) -> Mask:
        """(L, C) which single edits of ``code`` lead to a new architecture that may be a centre."""
        keys, allowed = self._neighborhoods.of(code)
        new = allowed.copy()
        new[allowed] = [key not in self._known for key in keys]
        return new

    # learning

    def accept(self, decisions: Decisions, code: Codes) -> bool:
        """Whether ``code`` (L,) is new and is to be asked for; a known one is rewarded from memory."""
        slot = int(decisions.slots[0])
        proposal = Proposal(slot, float(self.graph.scores[slot]), decisions)
        key = self._key_of(code)
        if self.is_new(code[None])[0]:
            self._proposals[key] = proposal
            return True
        score = self._known.get(key)
        if score is not None:
            self._settle(proposal, code, score)
        elif key not in self._known:  # against a constraint: no answer, so that the entropy alone teaches
            self._lessons.append((decisions, 0.0))
        return False

    def _observe(self, code: Codes, score: float) -> None:
        if score > -np.inf:
            self._critic.add(code, score)
        proposal = self._proposals.pop(self._key_of(code), None)
        if proposal is not None:
            self._settle(proposal, code, score)
        elif score > -np.inf and self.may_be_center(code[None])[0]:
            self.graph.offer(code, score)
        if self._controller is not None:
            self._learn()

    def _settle(self, proposal: Proposal, code: Codes, score: float) -> None:
        """Lines 10 to 16 of Algorithm 1: reward, new centre, and what the policy is to learn from it."""
        if score == -np.inf:
            return
        better = score > self.graph.scores[proposal.slot] or proposal.decisions is None
        self._failures[proposal.slot] += 1
        if better and self.settings["update_subspaces"] and self.may_be_center(code[None])[0]:
            self.graph.replace(proposal.slot, code, score)
            self._failures[proposal.slot] = 0
        if proposal.decisions is not None:
            reward = self._reward(score, proposal)
            decay = self.settings["baseline_decay"]
            self._baseline = reward if self._baseline is None else decay * self._baseline + (1 - decay) * reward
            self._lessons.append((proposal.decisions, reward - self._baseline))

    def _reward(self, score: float, proposal: Proposal) -> float:
        match self.settings["reward"]:
            case "improvement":
                return score - proposal.score
            case "rank":  # the share of all architectures so far that are worse
                return float(np.mean(np.asarray(self._scores) < score))
            case _:
                return score

    def take_lessons(self) -> list[tuple[Decisions, float]]:
        """What the policy has not learnt yet: its decisions and their advantage."""
        lessons, self._lessons = self._lessons, []
        return lessons

    def _learn(self) -> None:
        for decisions, advantage in self.take_lessons():
            self.controller.learn(decisions, np.array([advantage]))

    @property
    def incumbent(self) -> tuple[Codes, float] | None:
        """(code, score) of the best architecture told that may be a centre; ``None`` before there is one."""
        best = super().incumbent
        if best is None or self.may_be_center(best[0][None])[0]:
            return best
        codes, scores = self.history
        scores = np.where(self.may_be_center(codes), scores, -np.inf)
        place = int(scores.argmax())
        return (codes[place], float(scores[place])) if scores[place] > -np.inf else None

    # state

    def _state(self) -> dict[str, Any]:
        return {
            "graph": self.graph.state(),
            "given": self._given,
            "critic": self._critic.state(),
            "failures": self._failures.copy(),
            "controller": None if self._controller is None else self._controller.state(),
            "baseline": None if self._baseline is None else np.float64(self._baseline),
            "seconds": np.float64(self._seconds),
            "proposals": [pack(key, proposal) for key, proposal in self._proposals.items()],
        }

    def _load_state(self, state: dict[str, Any]) -> None:
        self.graph.load_state(state["graph"])
        self._given = None if state["given"] is None else np.asarray(state["given"], dtype=np.int8)
        for code, score in zip(*self.history, strict=True):
            if score > -np.inf:
                self._critic.add(code, float(score))
        self._critic.load_state(state["critic"])
        self._failures = np.array(state["failures"])
        if state["controller"] is not None:
            self.controller.load_state(state["controller"])
        self._baseline = None if state["baseline"] is None else float(state["baseline"])
        self._seconds = float(state["seconds"])
        self._proposals = dict(unpack(packed) for packed in state["proposals"])
