import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from naslib_ext.experiments.drawing import LIGHT, log_axis, new_axes
from naslib_ext.experiments.suite.figures import _contrast
from naslib_ext.experiments.time_curves import unit_of


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.7, 60, ["2", "5", "10", "20", "50"]), (0.008, 20, ["0.01", "0.1", "1", "10"]), (3, 9, list("3456789"))],
)
def test_logarithmic_axes_have_plain_numbers(low: float, high: float, expected: list[str]) -> None:
    figure, axes = new_axes("x", "y", LIGHT)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    log_axis(axes.yaxis)
    FigureCanvasAgg(figure).draw()
    ticks = axes.yaxis.get_major_ticks() + axes.yaxis.get_minor_ticks()
    shown = [tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high]
    assert [text for text in shown if text] == expected


def test_contrast_is_that_of_the_web_guidelines() -> None:
    assert _contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert _contrast((1, 1, 1), (0, 0, 0)) == pytest.approx(21)
    assert _contrast((1, 1, 1), (0.4667, 0.4667, 0.4667)) == pytest.approx(4.48, abs=0.01)


def test_times_are_in_the_unit_that_fits() -> None:
    assert [unit_of(seconds)[0] for seconds in (0.5, 59, 60, 3599, 3600, 1e9)] == [
        "seconds", "seconds", "minutes", "minutes", "hours", "hours",
    ]  # fmt: skip
