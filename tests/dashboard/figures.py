"""Reading a figure as Plotly does."""

import re
import struct
from base64 import b64decode

import plotly.graph_objects as go

TOKEN = re.compile(r"--[a-z0-9-]+(/\d+)?\Z")
FORMATS = {"i4": "i", "f4": "f", "f8": "d"}


def coloured(node, inside_colour=False):
    """The figure with a colour for every token, as the browser makes it."""
    if isinstance(node, str):
        return "#123456" if inside_colour and TOKEN.match(node) else node
    if isinstance(node, list):
        return [coloured(part, inside_colour) for part in node]
    if isinstance(node, dict):
        return {
            key: "sans-serif"
            if key == "family"
            else coloured(part, "color" in key.lower())
            for key, part in node.items()
        }
    return node


def valid(figure):
    """Plotly's own check. Raises ValueError for what its schema does not know."""
    return go.Figure(coloured(figure))


def numbers(array):
    """A typed array as a list."""
    if isinstance(array, list):
        return array
    data = b64decode(array["bdata"])
    code = FORMATS[array["dtype"]]
    return list(struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data))


def texts(node):
    """Every string in a figure."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for part in node:
            yield from texts(part)
    elif isinstance(node, dict):
        for part in node.values():
            yield from texts(part)
