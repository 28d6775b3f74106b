"""The screen of all batches, past and under way: start, duration, and the outcome of each job."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from hsnap_tui.common import formatting
from hsnap_tui.events import BatchQueued, Event
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.interface import BatchSummary, RefusedError
from hsnap_tui.messages.job_messages import batch_in_words
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.tui import detail_texts
from hsnap_tui.tui.screens.page import PageScreen
from hsnap_tui.tui.widgets.keys_footer import KeysFooter

LARGE_BATCH = 300
"""A batch with more jobs takes so long to draw that it is not redrawn every second."""
LARGE_BATCH_EVERY = 5.0
"""Seconds between two redraws of such a batch."""


class BatchesScreen(PageScreen):
    """The batches on top, the jobs of the highlighted one below. Both are kept up to date."""

    AUTO_FOCUS = "OptionList"

    DEFAULT_CSS = """
    BatchesScreen OptionList {
        height: 35%; border: none; background: $background; padding: 0 1; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis; background-tint: transparent;
        &:focus { border: none; background-tint: transparent; }
        & > .option-list--option-highlighted { background: $hsnap-raised; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        &:ansi > .option-list--option-highlighted { text-style: underline; }
        &:ansi:focus > .option-list--option-highlighted { text-style: none; }
    }
    BatchesScreen VerticalScroll {
        border-top: solid $hsnap-line;
        &:focus { border-top: heavy $hsnap-focus; border-left: outer $hsnap-focus; padding: 0 1 0 0; }
    }
    """

    def __init__(self, session: SessionInterface) -> None:
        super().__init__("Batches, the newest first")
        self._session = session
        self._batches: list[BatchSummary] = []
        self._lines: list[Text] = []
        self._shown: tuple[str, tuple[Job, ...]] | None = None
        self._drawn_at = float("-inf")
        self._unread = False
        self._unsubscribe = session.subscribe(self._receive_event)

    def compose(self) -> ComposeResult:
        """The list of batches and the jobs of one."""
        yield Static(self.heading, classes="title", markup=False)
        yield OptionList(markup=False)
        with VerticalScroll():
            yield Static(Text("reading the journal …", self.palette.quiet), id="jobs")
        yield KeysFooter()

    def on_mount(self) -> None:
        """Reads the journal."""
        self._start_reading()
        self.set_interval(1.0, self.show)

    def on_unmount(self) -> None:
        """Ends the subscription to the session's events."""
        self._unsubscribe()

    def on_option_list_option_highlighted(self) -> None:
        """Shows the jobs of the highlighted batch."""
        self._shown = None
        self._show_jobs()

    def show(self) -> None:
        """Updates everything; reads the journal again when a batch has been queued since."""
        if self._unread:
            self._start_reading()
        self._show_batches()
        self._show_jobs()

    def _receive_event(self, event: Event) -> None:
        self._unread = self._unread or isinstance(event, BatchQueued)

    def _start_reading(self) -> None:
        self._unread = False
        self.run_worker(self._read(), group="batches", exclusive=True, description="reading past batches")

    async def _read(self) -> None:
        block = self.query_one("#jobs", Static)
        try:
            found = await self._session.jobs.batches()
        except RefusedError as error:
            block.update(Text(f"✗ {error}", self.palette.bad))
            return
        self._batches = list(found)
        if not self._batches:
            block.update(Text("No batch yet: select servers and press s.", self.palette.quiet))
            return
        self._show_batches()
        self._show_jobs()

    def _show_batches(self) -> None:
        """Replaces only the lines that have changed; the highlight stays on its batch."""
        self._batches = [self._with_present_jobs(batch) for batch in self._batches]
        now, options = self._session.clock.now(), self.query_one(OptionList)
        lines = [summary_line(batch, now) for batch in self._batches]
        if [option.id for option in options.options] == [batch.id for batch in self._batches]:
            for index, (before, after) in enumerate(zip(self._lines, lines, strict=True)):
                if before != after:
                    options.replace_option_prompt_at_index(index, after)
        elif self._batches:
            last = options.highlighted_option
            options.set_options(Option(line, id=batch.id) for line, batch in zip(lines, self._batches, strict=True))
            kept = [index for index, batch in enumerate(self._batches) if last and batch.id == last.id]
            options.highlighted = kept[0] if kept else 0
        self._lines = lines

    def _show_jobs(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is None or highlighted >= len(self._batches):
            return
        batch = self._batches[highlighted]
        under_way = batch.ended is None
        other_batch = self._shown is None or self._shown[0] != batch.id
        if not other_batch and self._shown == (batch.id, batch.jobs) and not under_way:
            return
        at = self._session.clock.monotonic()
        if not other_batch and len(batch.jobs) > LARGE_BATCH and at - self._drawn_at < LARGE_BATCH_EVERY:
            return
        self._shown, self._drawn_at = (batch.id, batch.jobs), at
        context = detail_texts.render_context(self._session.clock.now(), self.palette)
        self.query_one("#jobs", Static).update(detail_texts.batch(batch.jobs, context))

    def _with_present_jobs(self, batch: BatchSummary) -> BatchSummary:
        """The batch with the current state of its jobs."""
        if batch.ended is not None and not any(job.id in self._session.jobs.by_id for job in batch.jobs):
            return batch
        known = self._session.jobs.by_id
        jobs = tuple(known.get(job.id, job) for job in batch.jobs)
        if jobs == batch.jobs:
            return batch
        return BatchSummary.of(batch.id, batch.created, jobs)


def summary_line(batch: BatchSummary, now: datetime) -> Text:
    """A batch in one line: its start, number of jobs, duration and states."""
    return Text.assemble(
        (formatting.date_time(batch.created), "bold"),
        f"  {batch_in_words(batch.jobs, batch.created, now)}",
        no_wrap=True,
    )
