import pytest

from naslib_ext.errors import ConfigError
from naslib_ext.parameters import Parameter, convert, settings


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (3, int, 3), ("3", int, 3), ("-3", int, -3), (3, float, 3.0), ("0.5", float, 0.5), ("1e-3", float, 1e-3),
        (0.5, float, 0.5), (True, bool, True), ("true", bool, True), ("False", bool, False), ("x", str, "x"),
        ([1, 2], list, [1, 2]),
    ],
)  # fmt: skip
def test_conversion(value: object, kind: type, expected: object) -> None:
    converted = convert(value, kind, "here")
    assert converted == expected and type(converted) is kind


@pytest.mark.parametrize(
    ("value", "kind", "what"),
    [
        (0.5, int, "an integer"), ("0.5", int, "an integer"), (3.0, int, "an integer"), (True, int, "an integer"),
        (None, int, "an integer"), ("", int, "an integer"), ([3], int, "an integer"), ("many", float, "a number"),
        (float("nan"), float, "a number"), (float("inf"), float, "a number"), (10**400, float, "a number"),
        (True, float, "a number"), (None, float, "a number"), (1, bool, "true or false"),
        ("yes", bool, "true or false"), (3, str, "text"), (None, str, "text"), ("1,2", list, "a list"),
        ((1, 2), list, "a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_refused(value: object, kind: type, what: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        convert(value, kind, "search.rate")
    assert str(refusal.value) == f"search.rate: expected {what}, got {value!r}"


def test_limits_are_inclusive() -> None:
    parameter = Parameter(5, "a number", minimum=1, maximum=9)
    assert [parameter.check(value, "here") for value in (1, 9, "5")] == [1, 9, 5]
    with pytest.raises(ConfigError, match=r"here: expected at least 1, got 0"):
        parameter.check(0, "here")
    with pytest.raises(ConfigError, match=r"here: expected at most 9, got '10'"):
        parameter.check("10", "here")


def test_choices() -> None:
    parameter = Parameter("ei", "a function", choices=("ei", "ucb"))
    assert parameter.check("ucb", "here") == "ucb"
    with pytest.raises(ConfigError, match=r"here: expected one of ei, ucb, got 'pi'"):
        parameter.check("pi", "here")


def test_settings_take_what_is_there_and_defaults_for_the_rest() -> None:
    parameters = {"a": Parameter(1, "", minimum=0), "b": Parameter(0.5, ""), "c": Parameter(False, "")}
    assert settings(parameters, {}, "") == {"a": 1, "b": 0.5, "c": False}
    assert settings(parameters, {"b": 2, "c": "true", "unrelated": 7}, "") == {"a": 1, "b": 2.0, "c": True}
    with pytest.raises(ConfigError, match=r"search\.a: expected at least 0, got -1"):
        settings(parameters, {"a": -1}, "search.")


def test_errors_are_value_errors() -> None:
    with pytest.raises(ValueError, match=r"search\.b"):
        settings({"b": Parameter(0.5, "")}, {"b": "x"}, "search.")
