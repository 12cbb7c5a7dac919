"""Components as JSON text and back, and their parameters as code writes them."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.components.component import SCHEMA, Component
from mixnotes.components.constraints import Between, Shared
from mixnotes.components.joint import NormalInverseWishart

LONGEST = 50_000_000  # characters: a model is hardly ever a thousandth of that
DEEPEST = 100  # lists and objects within one another
TOO_DEEP = (
    f"the JSON must be nested at most {DEEPEST} deep: no model that to_json writes "
    "comes near"
)
REVIVERS: dict[str, Callable[[Any], Any]] = {}  # by "type", of what is no component


def from_json(text: str) -> Component:
    """The component that `to_json` wrote, to the last bit.

    Args:
        text: what `to_json` returned, of this version or an older one; of at most
            50 million characters, nested at most 100 deep.

    Returns:
        A component; a class of your own must have been imported before.

    Raises:
        ValueError: where the text is anything else, or of a newer version.

    Examples:
        >>> import mixnotes as mx
        >>> text = mx.Normal(mean=1.0).to_json()
        >>> mx.from_json(text)
        Normal(mean=1)
    """
    if isinstance(text, str | bytes | bytearray) and len(text) > LONGEST:
        raise ValueError(
            f"text must have at most {LONGEST:,} characters, got {len(text):,}"
        )
    try:
        state = json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"text must be what to_json wrote, got {text!r:.60}"
        ) from error
    if _deeper(state, DEEPEST):
        raise ValueError(TOO_DEEP)
    if isinstance(state, dict):
        schema = state.pop("schema", 1)  # the first files did not say
        if not (isinstance(schema, int) and 1 <= schema <= SCHEMA):
            raise ValueError(
                f"the JSON must be of a schema from 1 to {SCHEMA}, got {schema!r}; it "
                "was written by a newer mixnotes: install that, or save it again"
            )
    return from_state(state)


def _deeper(value: Any, levels: int) -> bool:
    """Is it nested in more than so many lists and objects?"""
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(part, levels - 1) for part in parts)


def from_state(state: Any) -> Component:
    """The component of one JSON object {"type": name, parameter: value, ...}."""
    name = state.get("type") if isinstance(state, dict) else None
    if isinstance(name, str) and name in REVIVERS:
        return REVIVERS[name](state)
    known = {k: c for k, c in Component.registry.items() if not inspect.isabstract(c)}
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"the JSON must name a known component in 'type', got {name!r}; known are "
            f"{', '.join(sorted(k for k in known if '.' not in k))}; import your own "
            "class first"
        )
    arguments = {key: value for key, value in state.items() if key != "type"}
    try:
        return known[name](**_revive(arguments))
    except TypeError as error:
        raise ValueError(
            f"the JSON must hold the parameters of {name}, got {sorted(arguments)}: "
            f"{error}"
        ) from error


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        if "type" in value:
            return from_state(value)
        if set(value) == {"shared"}:
            return Shared(value["shared"])
        if set(value) == {"between"}:
            ends = value["between"]
            if not (isinstance(ends, list) and len(ends) == 2):
                raise TypeError(f"between must be [low, high], got {ends!r:.60}")
            return Between(*ends)
        if set(value) == {"joint"}:
            if not isinstance(value["joint"], dict):
                raise TypeError(f"joint must be an object, got {value['joint']!r:.60}")
            return NormalInverseWishart(**value["joint"])
        if set(value) == {"number"}:  # JSON has no infinity
            if value["number"] not in ("inf", "-inf"):
                raise TypeError(f"no number is {value['number']!r:.60}")
            return float(value["number"])
        return {key: _revive(v) for key, v in value.items()}
    return [_revive(v) for v in value] if isinstance(value, list) else value


def revived_numbers(value: Any) -> Any:
    """A number, a shared name, None, or a list of them, from its JSON."""
    return _revive(value)


def plain(value: Any) -> Any:
    """A parameter as JSON has it."""
    if isinstance(value, Shared):
        return {"shared": value.name}
    if isinstance(value, Between):
        return {"between": [value.low, value.high]}
    if isinstance(value, NormalInverseWishart):
        return {"joint": value._state()}
    if isinstance(value, Component):
        return value._state()
    if isinstance(value, float) and math.isinf(value):
        return {"number": str(value)}
    return value.tolist() if isinstance(value, np.ndarray) else value


def frozen(value: Any) -> Any:
    """JSON values as something that can be hashed."""
    if isinstance(value, dict):
        return tuple((key, frozen(v)) for key, v in value.items())
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A parameter as code writes it, to six digits."""
    if isinstance(value, Shared):
        return f"Shared({value.name!r})"
    if isinstance(value, Between | Component | NormalInverseWishart):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value) if isinstance(value, str) else f"{value:.6g}"
