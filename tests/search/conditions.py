"""Conditions of a filter, each with what it means: `holds(one)` of the population."""

import math
import operator
import re

from hypothesis import strategies as st

from tests.search.population import TEXTS

COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def quoted(text):
    return f"'{text}'" if "'" not in text else f'"{text}"'


def like(text, pattern, flags=0):
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL | flags) is not None


@st.composite
def text_conditions(draw, name, value):
    """A comparison of a text, and what it means."""
    asked = draw(st.sampled_from(["=", "!=", "LIKE", "ILIKE"]))
    if asked in COMPARE:
        other = draw(st.sampled_from(TEXTS))

        def holds(one):
            return value(one) is not None and COMPARE[asked](value(one), other)
    else:
        other = draw(st.text("aAé%_b1", max_size=4))
        flags = re.IGNORECASE if asked == "ILIKE" else 0

        def holds(one):
            return value(one) is not None and like(value(one), other, flags)

    return f"{name} {asked} {quoted(other)}", holds


@st.composite
def number_conditions(draw, name, value, numbers):
    asked = draw(st.sampled_from(sorted(COMPARE)))
    other = draw(st.sampled_from(numbers))

    def holds(one):
        return value(one) is not None and COMPARE[asked](value(one), other)

    written = {math.inf: "1e999", -math.inf: "-1e999"}.get(other, repr(other))
    return f"{name} {asked} {written}", holds


@st.composite
def presence_conditions(draw, name, value):
    if draw(st.booleans()):
        return f"{name} IS NULL", lambda one: value(one) is None
    return f"{name} is not null", lambda one: value(one) is not None
