"""Label selectors: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (…)`, `k notin (…)`, joined by commas.

As in the published description's example, `k!=v` and `k notin (…)` also take what has no label `k`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hsnap_tui.demo.model import labels

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9._/-]+)|(?P<mark>==|!=|=|!|\(|\)|,))")
_END = ""

Labels = Mapping[str, str]
Matcher = Callable[[Labels], bool]


class SelectorError(ValueError):
    """The text is no label selector."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition: the label's key, and whether its value (None where it is missing) will do."""

    key: str
    accepts: Callable[[str | None], bool]

    def __call__(self, of: Labels) -> bool:
        return self.accepts(of.get(self.key))


def parse(text: str) -> Matcher:
    """Give the test that the selector describes; an empty one takes everything. Raises SelectorError."""
    tokens = _tokens(text)
    if tokens == [_END]:
        return lambda _labels: True
    parser = _Parser(tokens)
    requirements = [parser.requirement()]
    while parser.take(","):
        requirements.append(parser.requirement())
    parser.expect(_END)
    return lambda of: all(requirement(of) for requirement in requirements)


def _tokens(text: str) -> list[str]:
    tokens = []
    text = text.rstrip()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SelectorError(f"unexpected character {text[position]!r}")
        tokens.append(match.group("word") or match.group("mark"))
        position = match.end()
    return [*tokens, _END]


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    def requirement(self) -> Requirement:
        if self.take("!"):
            return Requirement(self._key(), lambda value: value is None)
        key = self._key()
        if self.take("=") or self.take("=="):
            wanted = self._value()
            return Requirement(key, lambda value: value == wanted)
        if self.take("!="):
            unwanted = self._value()
            return Requirement(key, lambda value: value != unwanted)
        if self.take("in"):
            among = self._values()
            return Requirement(key, lambda value: value in among)
        if self.take("notin"):
            apart = self._values()
            return Requirement(key, lambda value: value not in apart)
        return Requirement(key, lambda value: value is not None)

    def take(self, token: str) -> bool:
        """Step over the token if it comes next, and tell whether it did."""
        if self._next != token:
            return False
        self._position += 1
        return True

    def expect(self, token: str) -> None:
        if self._next != token:
            raise SelectorError(f"expected {token or 'the end'!r}, found {self._next or 'the end'!r}")
        self._position += 1

    @property
    def _next(self) -> str:
        return self._tokens[min(self._position, len(self._tokens) - 1)]

    def _key(self) -> str:
        key = self._next
        if not labels.is_key(key):
            raise SelectorError(f"expected a label key, found {key or 'the end'!r}")
        self._position += 1
        return key

    def _value(self) -> str:
        value = self._next
        if value in (_END, ",", ")"):
            return ""
        if not labels.is_value(value):
            raise SelectorError(f"expected a label value, found {value!r}")
        self._position += 1
        return value

    def _values(self) -> frozenset[str]:
        self.expect("(")
        values = {self._value()}
        while self.take(","):
            values.add(self._value())
        self.expect(")")
        return frozenset(values)
