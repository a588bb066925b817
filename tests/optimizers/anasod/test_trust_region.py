from naslib_ext.optimizers.anasod.trust_region import TrustRegion


def region(beta_max: float = 4.0) -> TrustRegion:
    return TrustRegion(beta_max, success_tolerance=3, failure_tolerance=2, restart_tolerance=5)


def betas(trust_region: TrustRegion, outcomes: str) -> list[float]:
    seen = []
    for outcome in outcomes:
        trust_region.update(outcome == "+")
        seen.append(trust_region.beta)
    return seen


def test_failures_double_it_up_to_the_largest() -> None:
    assert betas(region(), "-" * 12) == [0, 0.25, 0.25, 0.5, 0.5, 1, 1, 2, 2, 4, 4, 4]
    assert betas(region(3.0), "-" * 10)[-1] == 3


def test_successes_halve_it_down_to_nothing() -> None:
    trust_region = region()
    betas(trust_region, "-" * 6)
    assert betas(trust_region, "+" * 12) == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0, 0, 0, 0]


def test_only_outcomes_in_a_row_count() -> None:
    assert set(betas(region(), "-+" * 20)) == {0}
    trust_region = region()
    betas(trust_region, "----")
    assert set(betas(trust_region, "++-" * 10)) == {0.5}


def test_after_many_failures_at_the_largest_it_begins_anew() -> None:
    trust_region = region()
    given_up = [trust_region.update(False) for _ in range(15)]
    assert given_up == [False] * 14 + [True]
    assert trust_region.beta == 0
    assert betas(trust_region, "--") == [0, 0.25]


def test_a_success_postpones_the_end() -> None:
    trust_region = region()
    assert not any(trust_region.update(outcome == "+") for outcome in "-" * 14 + "+" + "----")
    assert trust_region.update(False)


def test_without_a_largest_beta_the_simplex_stays_open() -> None:
    assert set(betas(region(0.0), "-" * 30 + "+" * 10)) == {0}


def test_the_state_goes_on() -> None:
    first, second = region(), region()
    betas(first, "---+--")
    second.load_state(first.state())
    assert betas(first, "--+-----") == betas(second, "--+-----")
