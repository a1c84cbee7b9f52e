"""The value of a hyperparameter in a job: a plain value, a range or choices."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Strict, Tag

from app.engine.hyper import HyperField
from app.spec.base import Wire, invalid
from app.spec.hints import meant

Scalar: TypeAlias = bool | int | float | str
StrictFloat = Annotated[float, Strict()]
MAX_VALUES = 1_000_000_000  # values of a range with a step; more make the step meaningless


class Range(Wire):
    """The values from `low` to `high`, on a logarithmic scale if `log` is true, at distances of `step`."""

    low: StrictFloat = Field(description="smallest value to try")
    high: StrictFloat = Field(description="largest value to try")
    log: bool = Field(default=False, description="whether to search the logarithm; needs low > 0 and no step")
    step: StrictFloat | None = Field(
        default=None,
        description="distance between values, from `low` on; the last value may be below `high`. Null for "
        "any value",
    )


class Choices(Wire):
    """A choice of values, searched by the job."""

    choices: tuple[Scalar, ...] = Field(min_length=1, max_length=100, description="the values to try")


HyperValue: TypeAlias = Scalar | Range | Choices


def check_range(value: Range) -> Range:
    """Return the range; refuse low > high, log with low <= 0, and a step that Optuna cannot take."""
    if value.low > value.high:
        raise invalid(f"low must be <= high, but low is {value.low:g} and high is {value.high:g}", "low")
    if value.log and value.low <= 0:
        raise invalid(f"low must be > 0 if log is true, got {value.low:g}", "low")
    if value.step is not None:
        _check_step(value, value.step)
    return value


def searchable(field: HyperField) -> Any:
    """Return the request type of a hyperparameter that takes a value, a range or choices."""
    # Any: a type built at run time for pydantic.
    fixed = fixed_type(field)
    if field.type is tuple:
        return fixed  # a list is not searched; two candidates of a kind may have different lists
    number = field.type in (int, float)

    def tag(value: object) -> str:
        if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value):
            return "<choices>"
        return "<range>" if number and isinstance(value, (Range, dict)) else "<value>"

    def in_bounds(value: HyperValue) -> HyperValue:
        if isinstance(value, Range):
            check_range(value)
            if field.type is int:
                _check_whole(field, value)
            _check_bound(field, value.low, "low")
            _check_bound(field, value.high, "high")
        elif isinstance(value, Choices):
            _check_choices(field, value)
        return value

    options = [Annotated[fixed, Tag("<value>")], Annotated[Choices, Tag("<choices>")]]
    if number:
        options.insert(1, Annotated[Range, Tag("<range>")])
    union: Any = options[0]
    for option in options[1:]:
        union = union | option
    return Annotated[union, Discriminator(tag), AfterValidator(in_bounds)]


def fixed_type(field: HyperField) -> Any:
    """Return the request type of a hyperparameter that takes one plain value within its bounds."""
    if field.type in (int, float, bool):
        return Annotated[field.type, Strict(), *field.hyper]
    if field.type is str:
        return Annotated[str, AfterValidator(lambda value: _one_of(field, value)), *field.hyper]
    return Annotated[field.wire_type, BeforeValidator(_numbers_only)]


def unsearched(field: HyperField) -> Any:
    """Return `fixed_type`, with an error for a range or choices that names the way out."""

    def plain(value: object) -> object:
        if isinstance(value, dict) and not {"low", "high", "choices"}.isdisjoint(value):
            raise invalid(
                f"{field.name} is the same for all trials of a job, so it takes neither a range nor choices; "
                "give one value, and submit one job for each value"
            )
        return value

    return Annotated[fixed_type(field), BeforeValidator(plain)]


def default_value(field: HyperField) -> Any:
    """Return the value of an omitted hyperparameter: its default range or choices, or else its default.

    A required hyperparameter gives `...`, as pydantic expects.
    """
    hyper = field.hyper
    if hyper.searched and hyper.search is not None:
        low, high = hyper.search
        return Range(low=low, high=high, log=hyper.log)
    if hyper.searched and hyper.choices:
        return Choices(choices=hyper.choices)
    return ... if field.required else field.default


def is_searched(value: object) -> bool:
    """Return whether a value is a range or choices, even if these have a single value."""
    return isinstance(value, (Range, Choices))


def largest(value: Any) -> Any:
    """Return the largest value: a plain value itself, the upper end of a range, the largest choice."""
    # Any: a hyperparameter of any type.
    if isinstance(value, Range):
        return value.high
    if isinstance(value, Choices):
        numbers = [choice for choice in value.choices if not isinstance(choice, str)]
        return max(numbers, default=value.choices[0])
    return value


def without_default(schema: dict[str, Any]) -> None:
    """Drop a default that depends on the objective: a generated client would always send it."""
    schema.pop("default")


def _check_step(value: Range, step: float) -> None:
    """Refuse a step that gives the range fewer than two or more than MAX_VALUES values."""
    width = value.high - value.low
    if value.log:
        raise invalid("step cannot be combined with log; drop one of the two", "step")
    if step <= 0:
        raise invalid(f"step must be > 0, got {step:g}; use null for any value", "step")
    if 0 < width < step:
        raise invalid(
            f"step must be <= high - low, which is {width:g}, got {step:g}; lower the step, or give one "
            f"value",
            "step",
        )
    if width > MAX_VALUES * step or value.low < value.high == value.high - step:
        raise invalid(
            f"step is too small from {value.low:g} to {value.high:g}, got {step:g}: it gives more than "
            f"{MAX_VALUES:,} values, or equal values; raise the step, or use null for any value",
            "step",
        )


def _check_bound(field: HyperField, value: Any, at: str) -> None:
    broken = field.hyper.broken_bound(value)
    if broken:
        raise invalid(f"{field.name} {broken}, got {value:g}", at)


def _check_whole(field: HyperField, value: Range) -> None:
    for at in ("low", "high"):
        if not float(getattr(value, at)).is_integer():
            raise invalid(f"{field.name} takes integers, got {getattr(value, at):g}", at)
    if value.step is not None and not value.step.is_integer():
        raise invalid(f"{field.name} takes integers, got a step of {value.step:g}; round the step", "step")


def _numbers_only(value: object) -> object:
    """Return the list; refuse an entry such as "64" or true, which pydantic would convert to a number."""
    for i, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, (bool, str)):
            raise invalid(f"must be a number, got {item!r}", str(i))
    return value


def _check_choices(field: HyperField, value: Choices) -> None:
    for i, choice in enumerate(value.choices):
        at = f"choices/{i}"
        if choice in value.choices[:i]:
            raise invalid(f"{choice!r} is listed twice; drop one of the two", at)
        if field.type in (int, float):
            if isinstance(choice, (bool, str)):
                raise invalid(f"{field.name} takes numbers, got {choice!r}", at)
            if field.type is int and not isinstance(choice, int):
                raise invalid(f"{field.name} takes integers, got {choice:g}", at)
            _check_bound(field, choice, at)
        elif field.type is bool and not isinstance(choice, bool):
            raise invalid(f"{field.name} takes true or false, got {choice!r}", at)
        elif field.type is str:
            _one_of(field, choice, at)


def _one_of(field: HyperField, value: Any, at: str = "") -> Any:
    if value not in field.hyper.choices:
        known = ", ".join(map(str, field.hyper.choices))
        hint = meant(value, map(str, field.hyper.choices))
        raise invalid(f"{field.name} must be one of {known}{hint}, got {value!r}", at)
    return value
