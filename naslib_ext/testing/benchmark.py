"""What every benchmark must do, as tests to inherit.

    class TestMine(BenchmarkContract):
        @pytest.fixture
        def benchmark(self) -> Benchmark:
            return MyBenchmark()

A benchmark that does not hold every architecture, or not every value, overrides ``codes`` and ``columns`` too.
"""

from __future__ import annotations

import numpy as np
import pytest

from naslib_ext.benchmarks import Benchmark
from naslib_ext.errors import InvalidArchitecture, MissingMetric
from naslib_ext.search_spaces import Codes

Columns = list[tuple[str, int | None]]


class BenchmarkContract:
    """Subclass it and override the fixture ``benchmark``."""

    @pytest.fixture
    def benchmark(self) -> Benchmark:
        raise NotImplementedError("a subclass of BenchmarkContract overrides the fixture 'benchmark'")

    @pytest.fixture
    def columns(self, benchmark: Benchmark) -> Columns:
        """(metric, schedule) of everything that is asked for."""
        return [(metric, epoch) for metric, schedules in benchmark.metrics().items() for epoch in schedules]

    @pytest.fixture
    def codes(self, benchmark: Benchmark) -> Codes:
        """(n, L) architectures for which the benchmark has a value in each of ``columns``; n is 10 at least."""
        return benchmark.space.sample(40, np.random.default_rng(0))

    # answers

    def test_answers_are_one_float_a_row(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        before = codes.copy()
        for metric, epoch in columns:
            values = benchmark.query(codes, metric, epoch)
            assert values.shape == (len(codes),) and values.dtype == np.float64
            assert np.isfinite(values).all()
        np.testing.assert_array_equal(codes, before, "query must not write into its argument")

    def test_nothing_in_nothing_out(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        for metric, epoch in columns:
            for values in (benchmark.query(codes[:0], metric, epoch), benchmark.score(codes[:0], metric, epoch)):
                assert values.shape == (0,) and values.dtype == np.float64

    def test_rows_do_not_depend_on_each_other(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        order = np.random.default_rng(1).permutation(len(codes))
        for metric, epoch in columns:
            values = benchmark.query(codes, metric, epoch)
            single = np.concatenate([benchmark.query(code[None], metric, epoch) for code in codes])
            np.testing.assert_array_equal(single, values)
            np.testing.assert_array_equal(benchmark.query(codes[order], metric, epoch), values[order])
            np.testing.assert_array_equal(benchmark.query(np.repeat(codes, 2, axis=0), metric, epoch)[::2], values)

    def test_the_kind_of_array_does_not_matter(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        metric, epoch = columns[0]
        values = benchmark.query(codes, metric, epoch)
        for same in (codes.astype(np.int64), codes.tolist(), np.asfortranarray(codes), codes[::-1].copy()[::-1]):
            np.testing.assert_array_equal(benchmark.query(same, metric, epoch), values)

    def test_without_epoch_it_is_the_longest_schedule(
        self, benchmark: Benchmark, codes: Codes, columns: Columns
    ) -> None:
        for metric, schedules in benchmark.metrics().items():
            assert schedules and schedules == sorted(schedules, key=lambda epoch: epoch or 0)
            if (metric, schedules[-1]) in columns:
                np.testing.assert_array_equal(
                    benchmark.query(codes, metric), benchmark.query(codes, metric, schedules[-1])
                )

    def test_scores_are_values_turned(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        for metric, epoch in columns:
            assert benchmark.direction(metric) in (1, -1)
            expected = benchmark.direction(metric) * benchmark.query(codes, metric, epoch)
            np.testing.assert_array_equal(benchmark.score(codes, metric, epoch), expected)

    def test_the_key_says_what_is_the_same(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        assert benchmark.key in ("code", "canonical")
        if benchmark.key == "canonical":
            canonical = benchmark.space.canonical(codes)
            for metric, epoch in columns:
                np.testing.assert_array_equal(
                    benchmark.query(canonical, metric, epoch), benchmark.query(codes, metric, epoch)
                )

    def test_the_optimum_bounds_all_values(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        for metric, epoch in columns:
            optimum = benchmark.optimum(metric, epoch)
            if optimum is not None:
                assert benchmark.direction(metric) * optimum >= benchmark.score(codes, metric, epoch).max()

    # what costs no query, and what a query costs

    def test_free_scores_answer_everywhere(self, benchmark: Benchmark, codes: Codes) -> None:
        for name, function in benchmark.free.items():
            values = function(codes)
            assert values.shape == (len(codes),) and np.isfinite(values).all(), name
            assert function(codes[:0]).shape == (0,), name

    def test_cost_is_seconds_or_refused(self, benchmark: Benchmark, codes: Codes) -> None:
        if not benchmark.has_cost:
            with pytest.raises(MissingMetric):
                benchmark.cost(codes)
            return
        seconds = benchmark.cost(codes)
        assert seconds.shape == (len(codes),) and (seconds > 0).all()

    def test_the_test_metric_is_one_of_its_metrics(self, benchmark: Benchmark) -> None:
        for metric in benchmark.metrics():
            assert benchmark.test_metric(metric) in (None, *benchmark.metrics())

    # errors

    def test_an_unknown_metric_is_refused(self, benchmark: Benchmark, codes: Codes) -> None:
        for ask in (benchmark.query, benchmark.score):
            with pytest.raises(MissingMetric) as refusal:
                ask(codes, "no_such_metric")
            assert any(metric in str(refusal.value) for metric in benchmark.metrics()), "name what there is"

    def test_an_unknown_schedule_is_refused(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        for metric, _ in columns:
            with pytest.raises(MissingMetric) as refusal:
                benchmark.query(codes, metric, 10**9)
            assert all(str(epoch) in str(refusal.value) for epoch in benchmark.metrics()[metric]), "name what there is"

    def test_an_invalid_code_is_refused(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        metric, epoch = columns[0]
        for position in range(codes.shape[1]):
            for value in (-1, int(benchmark.space.cardinalities[position]), 127):
                wrong = codes[:3].copy()
                wrong[1, position] = value
                with pytest.raises(InvalidArchitecture):
                    benchmark.query(wrong, metric, epoch)
            wide = codes[:3].astype(np.int64)
            wide[1, position] += 256  # as int8 it would be a valid code
            with pytest.raises(InvalidArchitecture):
                benchmark.query(wide, metric, epoch)

    def test_a_wrong_shape_is_refused(self, benchmark: Benchmark, codes: Codes, columns: Columns) -> None:
        metric, epoch = columns[0]
        for wrong in (codes[0], codes[:, 1:], codes[None], codes.astype(float), codes[:0, 1:]):
            with pytest.raises(InvalidArchitecture):
                benchmark.query(wrong, metric, epoch)
