"""The search language: text to a small tree of comparisons. It knows no Django.

One grammar with two strictness levels. MLflow's routes read it `strict`: comparisons
joined by AND and nothing else. Pages read it `lenient`: a superset with or, not,
parentheses, short names, metric summaries, regular expressions and plain words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from tracker.errors import Invalid

MAX_BYTES = 10_000
MAX_DEPTH = 64
MAX_TERMS = 100

# What a metric's series is summed up as; without one of these its latest value is meant.
AGGREGATES = ("last", "first", "min", "max", "mean", "count")


class Level(StrEnum):
    STRICT = "strict"
    LENIENT = "lenient"


GRAMMAR = r"""
strict: _AND* (comparison (_AND+ comparison)* _AND*)?

lenient: either?
?either: all (_OR all)*
?all: _AND* one (_AND* one)* _AND*
?one: _NOT one -> negated
    | "(" either ")" -> group
    | comparison
    | NAME -> word
    | STRING -> word

comparison: NAME COMPARE value
    | NAME LIKE value
    | NAME MATCH value
    | NAME (IN | NOT_IN) "(" value ("," value)* ","? ")"
    | NAME (NULL | NOT_NULL)
value: STRING | BARE

order: NAME (ASC | DESC)?

COMPARE: "!=" | ">=" | "<=" | "=" | ">" | "<"
MATCH: "!~" | "~"
LIKE.2: /i?like(?![\w.])/i
IN.2: /in(?![\w.])/i
NOT_IN.3: /not\s+in(?![\w.])/i
NULL.3: /is\s+null(?![\w.])/i
NOT_NULL.4: /is\s+not\s+null(?![\w.])/i
_AND.2: /and(?![\w.:])/i
_OR.2: /or(?![\w.:])/i
_NOT.2: /not(?![\w.:])/i
ASC.2: /asc(?![\w.])/i
DESC.2: /desc(?![\w.])/i

// A name may hold quoted parts. Single quotes count only after a dot: a text that begins
// with one is a value.
NAME.1: /(?:[^\s()'"`,;=<>!~]|"[^"]*"|`[^`]*`)(?:[^\s()'"`,;=<>!~]|"[^"]*"|`[^`]*`|(?<=\.)'[^']*')*/
// A doubled quote does not end a text, and stays doubled: the language has no escapes.
STRING: /'(?:[^']|'')*'|"(?:[^"]|"")*"/
BARE: /[^\s()'"`,;=<>!~]+/

%ignore /\s+/
"""

PARSER = Lark(GRAMMAR, parser="lalr", start=[*Level, "order"], propagate_positions=True)


class BadFilter(Invalid):
    """A text that the language does not contain. `position` counts characters from 1."""

    def __init__(self, problem: str, position: int, expected: str = "") -> None:
        super().__init__(f"{problem} (character {position}).")
        self.position = position
        self.expected = expected


class Name(NamedTuple):
    """What is asked about: `metrics."val/loss".min` is (metrics, val/loss, min)."""

    entity: str  # empty for a bare name
    key: str
    aggregate: str
    text: str  # the whole, without quotes
    position: int


class Value(NamedTuple):
    text: str
    is_quoted: bool
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    name: Name
    operator: str  # in capitals
    values: tuple[Value, ...]  # several for a list, none for IS NULL


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Expression", ...]


Expression: TypeAlias = Comparison | Word | Not | And | Or


class Condition(NamedTuple):
    """One of the conditions that all must hold; `start` and `end` cut it from the text."""

    text: str
    start: int
    end: int


class Order(NamedTuple):
    name: Name
    descending: bool


def comparisons(text: str) -> tuple[Comparison, ...]:
    """MLflow's filter: comparisons that must all hold. Raises BadFilter."""
    tree = _tree(text, Level.STRICT)
    _check_size(tree)
    nodes = (node for node in tree.children if isinstance(node, Tree))
    return tuple(_comparison(node, Level.STRICT) for node in nodes)


def expression(text: str) -> And:
    """A page's filter: the conditions that must all hold. Raises BadFilter."""
    tree = _tree(text, Level.LENIENT)
    _check_size(tree)
    parts = [_expression(node) for node in tree.children]
    if len(parts) == 1 and isinstance(parts[0], And):
        return parts[0]
    return And(tuple(parts))


def ends(expression: Expression) -> Iterator[Comparison | Word]:
    """What AND, OR and NOT join in the end."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from ends(part)
        case Not(part):
            yield from ends(part)
        case _:
            yield expression


def parse_order(text: str) -> Order:
    """An item of `order_by`: a name, then perhaps ASC or DESC. Raises BadFilter."""
    name, *direction = _tree(text, "order").children
    return Order(
        _name(_token(name), Level.STRICT),
        bool(direction) and _token(direction[0]).type == "DESC",
    )


def conditions(text: str) -> list[Condition]:
    """The conditions of a lenient text that all must hold, to be shown one by one."""
    found = _tree(text, Level.LENIENT).children
    if found and isinstance(found[0], Tree) and found[0].data == "all":
        found = found[0].children
    spans = [
        (child.meta.start_pos, child.meta.end_pos)
        for child in found
        if isinstance(child, Tree)
    ]
    return [Condition(text[start:end], start, end) for start, end in spans]


Node: TypeAlias = Token | Tree[Token]


def _tree(text: str, start: str) -> Tree[Token]:
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadFilter(f"The text is longer than {MAX_BYTES:,} bytes", MAX_BYTES)
    if "\x00" in text:
        raise BadFilter("The character NUL is not allowed", text.index("\x00") + 1)
    try:
        return PARSER.parse(text, start=start)
    except UnexpectedInput as problem:
        raise _explained(text, start, problem) from None


def _check_size(tree: Tree[Token]) -> None:
    """Walked with a list of our own: the tree may be deeper than Python's stack."""
    terms = 0
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node.data in ("comparison", "word"):
            terms += 1
            continue
        if depth > MAX_DEPTH:
            raise BadFilter(
                f"Conditions can be nested {MAX_DEPTH} deep", node.meta.start_pos + 1
            )
        waiting += [
            (child, depth + 1) for child in node.children if type(child) is Tree
        ]
    if terms > MAX_TERMS:
        raise BadFilter(f"A filter can have {MAX_TERMS} conditions, not {terms}", 1)


# ---------------------------------------------------------------- building


def _expression(node: Node) -> Expression:
    assert isinstance(node, Tree)
    match node.data:
        case "comparison":
            return _comparison(node, Level.LENIENT)
        case "word":
            token = _token(node.children[0])
            text = "".join(part for part, _ in _parts(token))
            return Word(text, _position(token))
        case "negated":
            return Not(_expression(node.children[0]))
        case "group":
            return _expression(node.children[0])
    parts = tuple(_expression(child) for child in node.children)
    return And(parts) if node.data == "all" else Or(parts)


def _comparison(node: Tree[Token], level: Level) -> Comparison:
    name, operator, *values = node.children
    return Comparison(
        _name(_token(name), level),
        " ".join(_token(operator).upper().split()),
        tuple(_value(value) for value in values),
    )


def _value(node: Node) -> Value:
    assert isinstance(node, Tree)
    token = _token(node.children[0])
    if token.type == "BARE":
        return Value(str(token), False, _position(token))
    return Value(token[1:-1], True, _position(token))


def _token(node: Node) -> Token:
    assert isinstance(node, Token)
    return node


def _position(token: Token) -> int:
    return (token.start_pos or 0) + 1


# ---------------------------------------------------------------- names

PART = re.compile(r""""[^"]*"|`[^`]*`|'[^']*'|(?P<bare>[^"'`]+)""")
SHORT = re.compile(r"([mpta]):")
PLAIN_KEY = re.compile(r"[\w.]+")


def _parts(token: Token) -> list[tuple[str, bool]]:
    """A name's parts, and whether each was quoted."""
    return [
        (found["bare"], False) if found["bare"] is not None else (found[0][1:-1], True)
        for found in PART.finditer(token)
    ]


def _name(token: Token, level: Level) -> Name:
    """Only the first dot separates: `tags.mlflow.runName` is the tag `mlflow.runName`."""
    parts = _parts(token)
    text = "".join(part for part, _ in parts)
    entity, parts = _entity(parts, level)
    aggregate = ""
    if level is Level.LENIENT and len(parts) == 2 and parts[0][1]:
        suffix, is_quoted = parts[1]
        if not is_quoted and suffix[:1] == "." and suffix[1:] in AGGREGATES:
            aggregate, parts = suffix[1:], parts[:1]
    if len(parts) != 1 or not parts[0][0]:
        raise BadFilter(
            f"Expected a key, or a whole key in backticks, in `{token[:60]}`",
            _position(token),
            "a key",
        )
    key, is_quoted = parts[0]
    if level is Level.STRICT and not is_quoted and not PLAIN_KEY.fullmatch(key):
        raise BadFilter(
            f"Put a key with other characters than letters, digits, `_` and `.` in"
            f" backticks: `{token[:60]}`",
            _position(token),
            "a key in backticks",
        )
    return Name(entity, key, aggregate, text, _position(token))


def _entity(
    parts: list[tuple[str, bool]], level: Level
) -> tuple[str, list[tuple[str, bool]]]:
    """What stands before the first dot, and the parts after it."""
    first, is_quoted = parts[0]
    if not is_quoted:
        if level is Level.LENIENT and (short := SHORT.match(first)):
            return short[1], _filled((first[2:], False), *parts[1:])
        entity, dot, key = first.partition(".")
        return (entity, _filled((key, False), *parts[1:])) if dot else ("", parts)
    # `params`.lr names the entity in backticks; "val/acc".max is a key and its summary.
    if len(parts) > 1 and parts[1][0][:1] == "." and level is Level.STRICT:
        return first, _filled((parts[1][0][1:], False), *parts[2:])
    return "", parts


def _filled(*parts: tuple[str, bool]) -> list[tuple[str, bool]]:
    return [(text, is_quoted) for text, is_quoted in parts if text or is_quoted]


# ---------------------------------------------------------------- what went wrong

# What may come next, the most telling first.
EXPECTED = (
    ("BARE", "a value"),
    ("COMPARE", "an operator such as `=`"),
    ("RPAR", "a closing parenthesis"),
    ("_OR", "and, or, or the end"),
    ("NAME", "a condition"),
    ("LPAR", "a list in parentheses"),
    ("DESC", "ASC, DESC or the end"),
    ("_AND", "AND or the end"),
    ("$END", "the end"),
)


def _explained(text: str, start: str, problem: UnexpectedInput) -> BadFilter:
    """What was expected, and where."""
    at = problem.pos_in_stream or 0
    found = problem.token.type if isinstance(problem, UnexpectedToken) else ""
    if found == "$END":
        at = len(text)
    elif text[at] in "'\"`" and text.find(text[at], at + 1) < 0:
        return BadFilter("The quote that opens here is never closed", at + 1)
    allowed = _allowed_after(text[:at], start)
    if found == "RPAR" and "$END" in allowed:
        return BadFilter("No parenthesis is open here", at + 1)
    expected = next(words for name, words in EXPECTED if name in allowed)
    before = text[:at].split()
    after = f" after `{before[-1][-40:]}`" if before else ""
    return BadFilter(f"Expected {expected}{after}", at + 1, expected)


def _allowed_after(text: str, start: str) -> set[str]:
    """The lexer knows what any filter might go on with; the parser, what this one might."""
    parser = PARSER.parse_interactive(text, start=start)
    for _ in parser.iter_parse():
        pass
    return set(parser.accepts())  # type: ignore[no-untyped-call]  # lark has no type here
