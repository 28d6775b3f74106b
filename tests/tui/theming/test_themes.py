"""Every theme starts, and terminals with few colours get those that they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorType
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import BUILTIN_THEMES, Theme

from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.theming import colours, themes
from hsnap_tui.tui.theming.colour_depth import ColourDepth, depth, nearest
from tests.tui.driving import running, screen_text, toasts, until
from tests.tui.fake_session import FakeSession
from tests.tui.theming.test_contrast import busy, log_lines, segments

EVERY = [*BUILTIN_THEMES, *(own.name for own in themes.OWN)]


@pytest.mark.parametrize("name", [name for name in EVERY if "ansi" in name or "16" in name])
async def test_themes_of_the_terminal_s_colours(name: str) -> None:
    async with running(busy(), (100, 40), name) as (app, pilot):
        await log_lines(app, pilot)
        for key in ("s", "escape", "enter", "escape", "b", "escape", "question_mark", "escape", "q", "escape"):
            await pilot.press(key)
            await pilot.pause()
        assert app.theme == name
        assert app.return_code is None


async def test_every_theme_can_be_taken_while_the_program_runs() -> None:
    async with running(busy(), (80, 24)) as (app, pilot):
        for name in EVERY:
            app.theme = name
            await pilot.pause()
            assert "prod" in screen_text(app)
        app.register_theme(Theme(name="bare", primary="#123456"))
        app.register_theme(Theme(name="odd", primary="ansi_red", background="#ffff00", foreground="#fffe00"))
        app.register_theme(Theme(name="bare-ansi", primary="ansi_red", ansi=True))
        for name in ("bare", "odd", "bare-ansi"):
            app.theme = name
            await pilot.pause()
            assert "prod" in screen_text(app)
        assert app.return_code is None


async def test_an_unknown_theme_is_told() -> None:
    async with running(FakeSession(), (100, 30), "solarised[/]") as (app, pilot):
        await until(pilot, lambda: bool(toasts(app)))
        assert app.theme == themes.DARK.name
        assert toasts(app)[0].startswith("There is no theme “solarised[/]”; this is hsnap-dark. There are: ")
        assert "solarized-dark" in toasts(app)[0]


any_colour = st.tuples(*[st.integers(0, 255)] * 3).map(lambda parts: Color(*parts).hex)
names = ("background", "surface", "panel", "foreground", "primary", "text-success", "text-warning", "text-error")
any_theme = st.dictionaries(st.sampled_from(names), any_colour | st.sampled_from(["auto 60%", "", "ansi_red", "no"]))


@given(any_theme)
def test_text_can_be_read_in_any_theme(variables: dict[str, str]) -> None:
    made = colours.variables(variables, ansi=False)
    grounds = [Color.parse(made[name]) for name in ("background", "surface", "panel", "hsnap-field", "hsnap-raised")]
    for name in ("foreground", "text-muted", "text-success", "text-warning", "text-error", "text-primary"):
        assert min(colours.contrast(Color.parse(made[name]), ground) for ground in grounds) >= 4.5
    for name in ("hsnap-focus", "hsnap-line"):
        assert min(colours.contrast(Color.parse(made[name]), ground) for ground in grounds[:3]) >= 3
    cursor = Color.parse(made["block-cursor-background"])
    assert colours.contrast(cursor, grounds[0]) >= 3
    assert colours.contrast(cursor, Color.parse(made["block-cursor-foreground"])) >= 4.5


@pytest.mark.parametrize(
    ("environ", "known", "found"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 256, ColourDepth.TRUE),
        ({"TERM": "linux", "COLORTERM": "24bit"}, 8, ColourDepth.TRUE),
        ({"TERM": "xterm-direct"}, 0, ColourDepth.TRUE),
        ({"TERM": "xterm-256color"}, 0, ColourDepth.MANY),
        ({"TERM": "screen-256color", "COLORTERM": "yes"}, 256, ColourDepth.MANY),
        ({"TERM": "rxvt-unicode"}, 256, ColourDepth.MANY),
        ({"TERM": "xterm"}, 8, ColourDepth.ANSI),
        ({"TERM": "screen"}, 8, ColourDepth.ANSI),
        ({"TERM": "linux"}, 8, ColourDepth.ANSI),
        ({"TERM": "linux"}, 0, ColourDepth.ANSI),
        ({}, 0, ColourDepth.ANSI),
        ({"TERM": "linux", "TEXTUAL_COLOR_SYSTEM": "256"}, 8, ColourDepth.TRUE),
    ],
)
def test_how_many_colours_a_terminal_has(environ: dict[str, str], known: int, found: ColourDepth) -> None:
    assert depth(environ, lambda _term: known) is found


@pytest.mark.parametrize(
    ("colour", "number"),
    [
        ((0x22, 0x28, 0x31), 235),
        ((0x12, 0x15, 0x1A), 233),
        ((255, 0, 0), 196),
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
    ],
)
def test_the_nearest_of_256_colours(colour: tuple[int, int, int], number: int) -> None:
    assert nearest(*colour) == number


def filtered(app: HsnapApp) -> set[tuple[ColorType, ColorType]]:
    filters: list[LineFilter] = app._filters
    assert filters
    return {
        (style.color.type, style.bgcolor.type)
        for _, style, _ in segments(app)
        if style and style.color and style.bgcolor
    }


@pytest.mark.parametrize("asked", ["hsnap-dark", "hsnap-light", "nord", "ansi-dark"])
async def test_sixteen_colours_are_the_terminal_s_own(asked: str) -> None:
    app = HsnapApp(busy(), theme_name=asked, colours=ColourDepth.ANSI)
    async with app.run_test(size=(140, 40)) as pilot:
        await log_lines(app, pilot)
        assert app.current_theme.ansi
        assert app.current_theme.dark is (asked != "hsnap-light")
        assert filtered(app) <= {
            (one, other)
            for one in (ColorType.DEFAULT, ColorType.STANDARD)
            for other in (ColorType.DEFAULT, ColorType.STANDARD)
        }
        drawn = {text.strip(): style for text, style, _ in segments(app) if style and text.strip()}
        failed = next(style for text, style in drawn.items() if text.startswith("✗"))
        assert failed.color is not None
        bar = next(style for text, style in drawn.items() if "█" in text)
        assert bar.color is not None
        assert bar.color.type is ColorType.STANDARD
        app.theme = "hsnap-dark"
        await pilot.pause()
        assert app.current_theme.ansi
    assert app.work is not None
    app.work.cancel()


async def test_256_colours_have_no_navy_in_place_of_grey() -> None:
    app = HsnapApp(busy(), colours=ColourDepth.MANY)
    async with app.run_test(size=(140, 40)) as pilot:
        await log_lines(app, pilot)
        numbers = {style.bgcolor.number for _, style, _ in segments(app) if style and style.bgcolor}
        assert numbers
        assert not numbers & {16, 17, 18}
        assert filtered(app) == {(ColorType.EIGHT_BIT, ColorType.EIGHT_BIT)}
    assert app.work is not None
    app.work.cancel()


@pytest.mark.parametrize("asked", ["hsnap-dark", "hsnap-light", "ansi-dark", "ansi-light", "hsnap-dark-16"])
@pytest.mark.parametrize("colours_of_terminal", list(ColourDepth))
async def test_without_colours_everything_can_be_read_in_greys(
    asked: str, colours_of_terminal: ColourDepth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = HsnapApp(busy(), theme_name=asked, colours=colours_of_terminal)
    async with app.run_test(size=(100, 40)) as pilot:
        await log_lines(app, pilot)
        for _ in range(2):
            for text, style, _control in segments(app):
                assert style is not None
                assert style.bgcolor is not None
                back = Color.from_rich_color(style.bgcolor)
                assert len(set(back.rgb)) == 1
                if text.strip():
                    assert style.color is not None
                    fore = Color.from_rich_color(style.color)
                    assert len(set(fore.rgb)) == 1
                    assert colours.contrast(fore, back) >= 3
            await pilot.press("slash")
    assert app.work is not None
    app.work.cancel()
