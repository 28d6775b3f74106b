"""Cleaning of outside text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.common.text import PLACEHOLDER, clean

ANYTHING = st.text(st.characters(exclude_categories=()))
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "))


@given(ANYTHING)
def test_only_what_is_printable_is_left(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) == len(text)
    assert all(new in (old, PLACEHOLDER) for new, old in zip(cleaned, text, strict=True))
    assert clean(cleaned) == cleaned
    cleaned.encode()


@given(PRINTABLE)
def test_what_is_printable_stays(text: str) -> None:
    assert text.isprintable()
    assert clean(text) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J",
        "\x9b31m",
        "a\x00b",
        "\u202eevil",
        "line\nbreak",
        "\x07",
        "\u2066x\u2069",
        "zero\u200bwidth",
        "\ud800",
    ],
)
def test_what_a_terminal_might_act_on_is_replaced(hostile: str) -> None:
    assert PLACEHOLDER in clean(hostile)


@pytest.mark.parametrize("harmless", ["[red]x", "[/foo]", "[@click=app.quit]x[/]", "{name}", "%s", "服务器", "ü"])
def test_markup_is_only_text(harmless: str) -> None:
    assert clean(harmless) == harmless
