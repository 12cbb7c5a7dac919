"""What the reference page says of a parameter that may be left blank."""

from typing import Any

import griffe


class Blanks(griffe.Extension):
    """A field of a family that `parameter` makes is blank, None, unless it is given."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Called for every attribute, before dataclasses get their signatures."""
        if str(attr.value).startswith("parameter("):
            attr.value = "None"
