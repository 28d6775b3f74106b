"""Description templates: a closed list of fields, and never a format string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.model import Server, ServerStatus
from hsnap_tui.snapshots.template import DEFAULT_TEMPLATE, FIELDS, TemplateError, check, fields_in_words, render

NOW = datetime(2026, 7, 11, 14, 3, 7, tzinfo=UTC)


def a_server(name: str = "web-1") -> Server:
    return Server("test", 42, name, name, ServerStatus.RUNNING, False, NOW, "cpx21", "fsn1")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (DEFAULT_TEMPLATE, "web-1-snapshot"),
        ("{name} {id} {type} {location} {status}", "web-1 42 cpx21 fsn1 running"),
        ("{date} {time} {datetime}", "2026-07-11 1403 2026-07-11T1403Z"),
        ("{{name}} {name}", "{name} web-1"),
        ("  padded  ", "padded"),
    ],
)
def test_render(template: str, text: str) -> None:
    assert render(template, a_server(), NOW) == text


def test_times_are_utc_wherever_the_clock_stands() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=11)))
    assert render("{datetime}", a_server(), elsewhere) == "2026-07-11T1403Z"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("{foo}", "no field {foo}"),
        ("{}", "names no field"),
        ("{name:>30}", "only its name"),
        ("{name!r}", "only its name"),
        ("{name.__class__}", "only its name"),
        ("{name[0]}", "only its name"),
        ("{__class__}", "no field"),
        ("{name", "a single {"),
        ("name}", "a single }"),
        ("{{name}", "a single }"),
        ("a\nb", "cannot be shown"),
        ("\x1b[31m", "cannot be shown"),
    ],
)
def test_errors_say_what_is_wrong(template: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, a_server(), NOW)
    assert words in str(caught.value)
    with pytest.raises(TemplateError):
        check(template)


def test_the_message_for_an_unknown_field_lists_all() -> None:
    with pytest.raises(TemplateError) as caught:
        check("{nam}")
    assert fields_in_words() in str(caught.value)


@given(st.text(alphabet="{}abc:!.name[]0"))
def test_any_template_renders_or_says_why(template: str) -> None:
    try:
        check(template)
    except TemplateError:
        with pytest.raises(TemplateError):
            render(template, a_server(), NOW)
    else:
        assert render(template, a_server(), NOW)


@given(st.text(min_size=1).filter(lambda name: name.strip() and "{" not in name))
def test_what_a_name_contains_is_only_text(name: str) -> None:
    assert render("x{name}x", a_server(name), NOW) == f"x{name}x"
    assert render("x{name}x", a_server(f"{{id}}{name}"), NOW) == f"x{{id}}{name}x"


@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1).filter(str.strip))
def test_doubled_braces_are_the_characters(text: str) -> None:
    assert render(text.replace("{", "{{").replace("}", "}}"), a_server(), NOW) == text.strip()


def test_every_field_renders() -> None:
    for name in FIELDS:
        assert render(f"{{{name}}}", a_server(), NOW)
