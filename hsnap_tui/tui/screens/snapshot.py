"""The snapshot dialog: description, labels, what to do about locks, and whether to shut down first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from hsnap_tui.common import formatting
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, Job, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.snapshots.labels import LabelError, parse_label_line
from hsnap_tui.snapshots.template import DEFAULT_TEMPLATE, TemplateError, fields_in_words, render
from hsnap_tui.tui import dialog_texts, keys
from hsnap_tui.tui.screens.dialog import Dialog
from hsnap_tui.tui.theming.palette import Palette
from hsnap_tui.tui.widgets.choice import ChoiceField


class SnapshotDialog(Dialog[SnapshotRequest | None]):
    """Returns the request, or None when the user cancels. `busy` are the jobs under way, by server ID."""

    BINDINGS = keys.bindings(keys.Scope.DIALOG)

    DEFAULT_CSS = """
    SnapshotDialog .names { height: auto; max-height: 5; scrollbar-size-vertical: 1; }
    SnapshotDialog .names:focus { border-left: outer $hsnap-focus; }
    SnapshotDialog .field { height: auto; }
    SnapshotDialog .field .title { width: 14; color: $text-muted; }
    SnapshotDialog .field:focus-within .title { color: $foreground; text-style: bold; }
    SnapshotDialog .field Input { width: 1fr; }
    SnapshotDialog .short Input { width: 10; margin-right: 2; }
    SnapshotDialog .field .said { width: 1fr; }
    SnapshotDialog .under { margin-left: 14; }
    SnapshotDialog .apart { margin-top: 1; }
    SnapshotDialog.-short .names { max-height: 2; }
    SnapshotDialog.-short .apart { margin-top: 0; }
    SnapshotDialog .fields { color: $text-muted; }
    SnapshotDialog.-short .fields { display: none; }
    SnapshotDialog #shut-down-options { height: auto; display: none; }
    SnapshotDialog #shut-down-options .title { width: 25; }
    SnapshotDialog.-shut-down #shut-down-options { display: block; }
    """

    def __init__(self, views: Sequence[ServerView], now: datetime, busy: Mapping[int, Job]) -> None:
        super().__init__()
        self._views = views
        self._now = now
        self._busy = busy

    def compose(self) -> ComposeResult:
        """The names of the servers, the fields, what will be done, the buttons."""
        with Vertical(classes="box") as box:
            box.border_title = dialog_texts.title(self._views)
            box.border_subtitle = "enter starts · esc cancels · tab next field · ← → choose"
            with VerticalScroll(classes="body", can_focus=False):
                with VerticalScroll(classes="names"):
                    yield Static(self._names())
                yield Static(dialog_texts.locked_in_words(self._views), markup=False, id="locked")
                fields = f"{fields_in_words()}, times in UTC"
                description = Input(DEFAULT_TEMPLATE, compact=True, id="description", tooltip=fields)
                yield self._field("Description", description, apart=True)
                yield Static(id="preview", classes="under", markup=False)
                yield Static(fields, classes="under fields", markup=False)
                yield self._field("Labels", Input(placeholder="key=value, …", compact=True, id="labels"))
                yield Static(id="label-error", classes="under", markup=False)
                if_locked = [(IfLocked.WAIT, "wait for the lock"), (IfLocked.SKIP, "skip")]
                yield self._field("If locked", ChoiceField(if_locked, id="if-locked"))
                how = [(False, "as it is"), (True, "shut down first, then power on")]
                yield self._field("Server", ChoiceField(how, id="how"))
                with Vertical(id="shut-down-options"):
                    defaults = SnapshotOptions()
                    yield self._short("Max. off at a time", str(defaults.at_a_time), "at-a-time")
                    yield self._short("Shutdown timeout", formatting.brief(defaults.off_within), "off-within")
                    yield self._short("Max. downtime", formatting.brief(defaults.max_downtime), "max-downtime")
                    late = [
                        (IfStillOn.LEAVE, "fail the job"),
                        (IfStillOn.POWER_OFF, "power it off"),
                    ]
                    yield self._field("If it doesn't shut down", ChoiceField(late, id="if-still-on"))
                yield Static(id="intent", classes="apart", markup=False)
                yield Static(id="warnings", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Start", variant="primary", compact=True, id="start")
                yield Button("Cancel", compact=True, id="cancel")

    def on_mount(self) -> None:
        """Focuses the description; enter starts from there too."""
        self.query_one("#description", Input).focus()
        self._show_consequences()

    def on_input_changed(self) -> None:
        """Updates the preview and what will be done."""
        self._show_consequences()

    def on_choice_field_changed(self) -> None:
        """Updates the preview and what will be done."""
        self._show_consequences()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Starts or cancels by button."""
        if event.button.id == "start":
            self._start()
        else:
            self.dismiss(None)

    def action_start(self) -> None:
        """Starts; cancels instead when the Cancel button has the focus."""
        if self.focused is not None and self.focused.id == "cancel":
            self.dismiss(None)
        else:
            self._start()

    def action_scroll_body(self, pages: int) -> None:
        """Scrolls the dialog by so many pages."""
        body = self.query_one(".body", VerticalScroll)
        body.scroll_relative(y=pages * body.size.height, animate=False)

    def action_close(self) -> None:
        """Cancels: nothing happens."""
        self.dismiss(None)

    # -- reading the fields --------------------------------------------------------------------------------------

    def _start(self) -> None:
        try:
            request = self._request()
        except _FieldError as error:
            self.query_one(f"#{error.field}", Input).focus()
            self.app.notify(str(error), title="Not started", severity="error", markup=False)
            return
        self.dismiss(request)

    def _request(self) -> SnapshotRequest:
        options = self._options()
        try:
            targets = tuple(
                Target(view.server.id, view.server.name, render(self._text("description"), view.server, self._now))
                for view in self._views
            )
        except TemplateError as error:
            raise _FieldError("description", str(error)) from error
        return SnapshotRequest(targets, options)

    def _options(self) -> SnapshotOptions:
        try:
            labels = parse_label_line(self._text("labels"))
        except LabelError as error:
            raise _FieldError("labels", str(error)) from error
        options = SnapshotOptions(if_locked=IfLocked(str(self._chosen("if-locked"))), labels=labels)
        if not self._chosen("how"):
            return options
        return replace(
            options,
            shut_down=True,
            if_still_on=IfStillOn(str(self._chosen("if-still-on"))),
            off_within=self._duration("off-within"),
            max_downtime=self._duration("max-downtime"),
            at_a_time=self._at_a_time(),
        )

    def _duration(self, field: str) -> timedelta:
        try:
            return formatting.parse_duration(self._text(field))
        except ValueError as error:
            raise _FieldError(field, str(error)) from error

    def _at_a_time(self) -> int:
        text = self._text("at-a-time").strip()
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10_000):
            raise _FieldError("at-a-time", f"“{text}” is not how many servers may be off at once: write 1 or more")
        return int(text)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value

    def _chosen(self, field: str) -> object:
        choice: ChoiceField[object] = self.query_one(f"#{field}", ChoiceField)
        return choice.value

    # -- showing what will be done -------------------------------------------------------------------------------

    def _show_consequences(self) -> None:
        self.set_class(bool(self._chosen("how")), "-shut-down")
        self._show("preview", *self._preview())
        problems = {"labels": "", "at-a-time": "", "off-within": "", "max-downtime": ""}
        options = SnapshotOptions()
        try:
            options = self._options()
        except _FieldError as error:
            problems[error.field] = str(error)
        self._show("label-error", problems["labels"], bad=True)
        self.query_one("#label-error").display = bool(problems["labels"])
        for field, text in (
            ("at-a-time", dialog_texts.at_a_time_in_words(options.at_a_time)),
            ("off-within", f"{formatting.roughly(options.off_within)} from the request (ACPI)"),
            ("max-downtime", dialog_texts.max_downtime_in_words(options.max_downtime)),
        ):
            self._show(f"{field}-said", problems[field] or text, bad=bool(problems[field]))
        if any(problems.values()):
            self._show("intent", "Can't start yet: see above.", bad=True)
        else:
            self._show("intent", dialog_texts.intent(self._views, options))
        warnings = dialog_texts.warnings(self._views, self._busy, options)
        palette = Palette.of(self.app.theme_variables)
        self.query_one("#warnings", Static).update(Text("\n".join(f"! {line}" for line in warnings), palette.warning))

    def _preview(self) -> tuple[str, bool]:
        try:
            return f"→ {render(self._text('description'), self._views[0].server, self._now)}", False
        except TemplateError as error:
            return str(error), True

    def _show(self, field: str, text: str, bad: bool = False) -> None:
        palette = Palette.of(self.app.theme_variables)
        line = Text(f"✗ {text}" if bad else text, palette.bad if bad else "")
        self.query_one(f"#{field}", Static).update(line)

    def _names(self) -> Text:
        text = Text()
        for index, view in enumerate(self._views):
            note = dialog_texts.lock_note(view)
            text.append(", " if index else "")
            text.append(view.server.name, "bold")
            text.append(f" ({note})" if note else "", Palette.of(self.app.theme_variables).quiet)
        return text

    @classmethod
    def _short(cls, title: str, value: str, field: str) -> Widget:
        text = Static(id=f"{field}-said", classes="said", markup=False)
        row = cls._field(title, Input(value, compact=True, id=field), text)
        row.add_class("short")
        return row

    @staticmethod
    def _field(title: str, *widgets: Widget, apart: bool = False) -> Widget:
        return Horizontal(
            Static(title, classes="title", markup=False), *widgets, classes="field apart" if apart else "field"
        )


class _FieldError(ValueError):
    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
