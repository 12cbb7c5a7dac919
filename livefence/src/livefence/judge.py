"""Whether an answer to an exercise is right, and in words what is wrong with it.

The page compares numbers and words by itself, by what the build says of them (`plain`);
everything else is compared where Python runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

DIGITS = 3  # of an answer that is no whole number
ROUNDED = 2  # digits to which an answer may be rounded, if it is rounded right
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)", re.IGNORECASE)
COMMA = re.compile(r"(?<![\w.,])[-+]?\d+,0\d+(?![\w.,])")


def judge(
    name: str, mine: Any, right: Any, how: str = "", told: Iterable[str] = ()
) -> str | None:
    """What is wrong with an answer, or None.

    Whole numbers and words must be equal. Another number must agree to three digits,
    with `how` "2" to two, with ".3" to a unit of the third decimal. Without decimals
    to keep to, it may also be the right one rounded to two digits or more, or as the
    solution prints it: `told` has the numbers that it prints. Of several answers the
    first that differs is named.
    """
    if missing := unanswered(name, mine):
        return missing
    if isinstance(right, dict):
        if not isinstance(mine, dict) or set(mine) != set(right):
            return f"{name} must have the keys {', '.join(map(str, right))}"
        each = (
            judge(f"{name}[{key!r}]", mine[key], right[key], how, told) for key in right
        )
        return next(filter(None, each), None)
    if isinstance(right, list | tuple) or getattr(right, "ndim", 0):
        return _judge_all(name, mine, list(right), how, told)
    if isinstance(right, str):
        return None if _word(mine) == _word(right) else f"{name} is another word"
    low, complaint = number(name, mine)
    if complaint:
        return complaint
    value = float(right)
    whole = value.is_integer() and not isinstance(right, float)
    if low == value or (not whole and _is_near(low, value, how, told)):
        return None
    return f"{name} is too {'small' if low < value else 'large'}"


def recognised(name: str, mine: Any, mistakes: Any, how: str = "") -> str | None:
    """What the solution says of this wrong answer, or None. Its `mistakes` have for a
    name wrong answers, compared as the right one is, each with a sentence of words."""
    of_name = mistakes.get(name, {}) if isinstance(mistakes, dict) else {}
    for wrong, words in of_name.items():
        if unanswered(name, mine) is None and judge(name, mine, wrong, how) is None:
            return str(words)
    return None


def verdict(wrong: str) -> str:
    """What is wrong with an answer, a sentence or part of one, as the page says it."""
    return f"Not yet. {wrong}" if wrong.endswith(".") else f"Not yet: {wrong}."


def _judge_all(
    name: str, mine: Any, right: list[Any], how: str, told: Iterable[str]
) -> str | None:
    """What is wrong with several answers in a row, or None."""
    if isinstance(mine, str | dict | set):
        kind = type(mine).__name__
        return f"{name} must be a list of {len(right)} values, and is a {kind}"
    try:
        mine = list(mine)
    except TypeError:
        return f"{name} must hold {len(right)} values, and is one"
    if len(mine) != len(right):
        wrong = f"{name} must hold {len(right)} values, and holds {len(mine)}"
        if len(mine) == 2 * len(right) and all(type(each) is int for each in mine):
            wrong += " (a decimal comma makes two of one: write a point)"
        return wrong
    pairs = enumerate(zip(mine, right, strict=True))
    each = (judge(f"{name}[{i}]", a, b, how, told) for i, (a, b) in pairs)
    return next(filter(None, each), None)


def unanswered(name: str, mine: Any) -> str | None:
    """What is still to be filled in of an answer, or None."""
    if mine is None:
        return f"give {name} a value"
    if mine is ...:
        return f"put your answer in place of the dots after {name} ="
    if isinstance(mine, list | tuple | dict):
        inside = mine.values() if isinstance(mine, dict) else mine
        if any(each is ... for each in inside):
            return f"put your answers in place of the dots in {name}"
    return None


def number(name: str, mine: Any) -> tuple[float, str | None]:
    """An answer as a number, with what is wrong where it is none.

    An array or a list of one value is that value.
    """
    while isinstance(mine, list | tuple) and len(mine) == 1:
        mine = mine[0]
    if getattr(mine, "ndim", 0) and getattr(mine, "size", 0) == 1:
        mine = mine.item()
    if isinstance(mine, tuple) and [type(each) for each in mine] == [int, int]:
        return math.nan, _comma(name, f"{mine[0]}.{mine[1]}")
    if isinstance(mine, str) and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", mine):
        return math.nan, _comma(name, mine.strip().replace(",", "."))
    kind = type(mine).__name__
    many = getattr(mine, "shape", None) or (
        len(mine) if isinstance(mine, list | tuple) else None
    )
    if many:
        size = math.prod(many) if isinstance(many, tuple) else many
        return math.nan, f"{name} must be one number, and holds {size}"
    try:
        if kind in ("bool", "bool_"):
            raise TypeError
        value = float(mine)
    except OverflowError:
        return math.nan, f"{name} is too {'small' if mine < 0 else 'large'}"
    except Exception:
        return math.nan, f"{name} must be a number, and is {kind}"
    return value, f"{name} is nan" if math.isnan(value) else None


def asked(check: Iterable[str]) -> list[tuple[str, str]]:
    """The names that a form asks for, each with how near its value must be."""
    parts = (each.partition(":") for each in check)
    return [(name, how) for name, _, how in parts]


def plainly(
    check: str, known: dict[str, Any], heard: str
) -> dict[str, dict[str, Any]] | None:
    """What a page can compare without Python of the names that a form asks for, or None
    where that is not all of them; `heard` is what the solution prints."""
    if callable(known.get("right")):
        return None
    told = printed(heard)
    found = {}
    mistakes = known.get("mistakes", {})
    for name, how in asked(check.split()):
        one = plain(known.get(name), how, told)
        if one is None:
            return None
        for wrong, words in mistakes.get(name, {}).items():
            if (other := plain(wrong, how)) is None:
                return None
            one.setdefault("mistakes", []).append(other | {"words": words})
        found[name] = one
    return found


def mistaken(check: str, known: dict[str, Any], heard: str) -> str | None:
    """What is wrong with the mistakes that a solution names: those of a name that the
    form does not ask for, and those that are right."""
    mistakes = known.get("mistakes")
    if not isinstance(mistakes, dict):
        return None
    names, told = dict(asked(check.split())), printed(heard)
    right = known.get("right")
    for name, each in mistakes.items():
        if name not in names:
            return f"mistakes has {name!r}, and the form asks for {', '.join(names)}"
        for wrong in each if isinstance(each, dict) else ():
            if not callable(right):
                taken = judge(name, wrong, known.get(name), names[name], told) is None
            else:
                alone = len(names) == 1
                taken = alone and asked_of(right, {name: wrong}, known) is None
            if taken:
                said = f"mistakes calls {name} = {wrong!r} wrong, and it is right"
                return f"{said}: take it away, or mend the solution"
    return None


def asked_of(
    right: Callable[..., Any], answers: dict[str, Any], solved: dict[str, Any]
) -> str | None:
    """What the solution's own function says is wrong with the answers, or None.

    Where the solution's answer is a number, so is what the function is given, if the
    reader's can be read as one.
    """
    given, complaints = [], []
    for name, mine in answers.items():
        if missing := unanswered(name, mine):
            return missing
        if isinstance(solved[name], int | float) or _is_scalar(solved[name]):
            value, complaint = number(name, mine)
            complaints += [complaint] if complaint else []
            mine = mine if complaint else value
        given.append(mine)
    try:
        told = right(*given)
        if isinstance(told, str):
            return told
        told = bool(told)
    except Exception as error:
        plain = f"{' and '.join(answers)} cannot be read as an answer ({error})"
        return next(iter(complaints), plain)
    if told:
        return None
    several = "are" if len(answers) > 1 else "is"
    return next(iter(complaints), f"{' and '.join(answers)} {several} not right")


def _is_scalar(value: Any) -> bool:
    """Whether it is one number of numpy's."""
    return hasattr(value, "dtype") and not getattr(value, "ndim", 0)


def printed(text: str) -> list[str]:
    """The numbers with decimals, or a power of ten, in what a solution prints."""
    return [found.replace(",", "") for found in NUMBER.findall(text)]


def _is_near(mine: float, value: float, how: str, told: Iterable[str]) -> bool:
    """Whether a number is the value, as far as `judge` asks."""
    slack, others = _near(value, how, told)
    return abs(mine - value) <= slack or mine in others


def _near(value: float, how: str, told: Iterable[str]) -> tuple[float, list[float]]:
    """How far from the value an answer may be, and which others are right as well: the
    value rounded to fewer digits, or as the solution prints it."""
    if how.startswith("."):
        return 10.0 ** -int(how[1:]), []
    if not math.isfinite(value):
        return -1.0, []
    most = int(how or DIGITS)
    slack = 0.5 * 10.0 ** (1 - most) * abs(value) or 1e-12
    others = {float(f"{value:.{digits - 1}e}") for digits in range(ROUNDED, most)}
    others |= {float(each) for each in told if _rounds(value, each)}
    return slack, sorted(others - {0.0})


def plain(right: Any, how: str = "", told: Iterable[str] = ()) -> dict[str, Any] | None:
    """What a page needs to know to compare a typed answer with the right one by itself:
    a word, or a number with what else is right. None where it takes Python to compare.
    """
    if isinstance(right, str):
        return {"word": _word(right)}
    if isinstance(right, bool) or type(right).__name__ == "bool":
        return None
    if not isinstance(right, int | float) and not _is_scalar(right):
        return None
    try:
        value = float(right)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(value):
        return None
    if value.is_integer() and not isinstance(right, float):
        return {"number": value, "slack": 0.0, "others": []}
    slack, others = _near(value, how, told)
    return {"number": value, "slack": slack, "others": others}


def _rounds(value: float, text: str) -> bool:
    """Whether the text is this value, rounded to the digits that it shows."""
    mantissa, _, power = text.lower().partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return abs(float(text) - value) <= 0.5000001 * unit


def _word(text: Any) -> str | None:
    """A word as it is compared: letters and digits alone, small; letters in a list
    are one word."""
    if isinstance(text, list | tuple) or getattr(text, "ndim", 0):
        text = "".join(map(str, text))
    if not isinstance(text, str):
        return None
    return "".join(filter(str.isalnum, text)).lower()


def _comma(name: str, better: str) -> str:
    return f"{name} must be one number: write {better}, with a point for the comma"


def comma_in(line: str | None) -> str | None:
    """What to say of a line that Python cannot read for its decimal comma, or None."""
    found = COMMA.search(line or "")
    if found is None:
        return None
    return f"write {found[0].replace(',', '.')}, with a point for the comma"
