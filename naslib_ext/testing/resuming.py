"""What every query-based search method must do when a search is interrupted; part of ``OptimizerContract``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.optimizers import Optimizer
from naslib_ext.search_spaces import Codes, SearchSpace
from naslib_ext.state_file import decode_state, encode_state
from naslib_ext.testing.made_up import FEW, TINY, smooth
from naslib_ext.testing.searches import Bound, count_distinct, search


class ResumingContract:
    """Tests of states; the class that inherits them has the fixtures ``bound`` and ``space``."""

    budget: ClassVar[int]

    @given(data=st.data())
    @FEW
    def test_a_resumed_search_goes_on_exactly(self, bound: Bound, space: SearchSpace, data: st.DataObject) -> None:
        seed = data.draw(st.integers(0, 99), label="seed")
        batch = data.draw(st.integers(1, 4), label="batch")
        late = data.draw(st.integers(0, 3), label="asks that are told late")
        failing = data.draw(st.booleans(), label="some evaluations fail")
        warm = data.draw(st.booleans(), label="warm start")
        cut = data.draw(st.integers(0, self.budget // batch), label="cut")

        def run(cut: int | None) -> Optimizer:
            optimizer = bound(space, seed, budget=self.budget)
            if warm:
                known = space.sample(5, np.random.default_rng(seed))
                optimizer.tell(known, smooth(space, known))
            waiting: list[Codes] = []
            step = 0
            while len(codes := optimizer.ask(batch)) or waiting:
                if step == cut:
                    optimizer = _resumed(optimizer, bound(space, seed + 1, budget=self.budget))
                waiting += [codes] if len(codes) else []
                if len(waiting) > late or not len(codes):
                    now = waiting.pop(0)
                    scores = smooth(space, now)
                    scores[(now.sum(axis=1) % 4 == 0) & failing] = np.nan
                    optimizer.tell(now, scores)
                step += 1
            return optimizer

        straight, resumed = run(None), run(cut)
        for one, other in zip(straight.history, resumed.history, strict=True):
            np.testing.assert_array_equal(one, other)
        assert (straight.incumbent is None) == (resumed.incumbent is None)
        if straight.incumbent is not None and resumed.incumbent is not None:
            np.testing.assert_array_equal(straight.incumbent[0], resumed.incumbent[0])
            assert straight.incumbent[1] == resumed.incumbent[1]
        assert encode_state(straight.state_dict()) == encode_state(resumed.state_dict())

    def test_a_resumed_search_ends_where_it_should(self, bound: Bound) -> None:
        optimizer = bound(TINY)
        asked = search(optimizer, queries=TINY.size - 3)
        resumed = _resumed(optimizer, bound(TINY, seed=9))
        rest = search(resumed)
        assert len(rest) == 3 and count_distinct(TINY, np.concatenate([asked, rest])) == TINY.size
        assert not len(_resumed(resumed, bound(TINY)).ask(1))

    def test_a_state_is_a_snapshot(self, bound: Bound) -> None:
        optimizer = bound(budget=self.budget)
        search(optimizer, queries=self.budget // 2)
        state = optimizer.state_dict()
        before = encode_state(state)
        rest = search(optimizer)
        assert encode_state(state) == before, "the search writes into a state that it gave away"
        resumed = bound(budget=self.budget)
        resumed.load_state_dict(state)
        np.testing.assert_array_equal(search(resumed), rest)
        assert encode_state(state) == before, "the search writes into a state that it was given"


def _resumed(optimizer: Optimizer, fresh: Optimizer) -> Optimizer:
    """``fresh`` with the state of ``optimizer``, through bytes."""
    fresh.load_state_dict(decode_state(encode_state(optimizer.state_dict())))
    return fresh
