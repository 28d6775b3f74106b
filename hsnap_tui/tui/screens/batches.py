"""Past and present batches: when, how long, what came of them, server by server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from hsnap_tui import words
from hsnap_tui.console import BatchSummary, Console, Refused
from hsnap_tui.jobs.model import JobState
from hsnap_tui.tui import describe
from hsnap_tui.tui.screens.page import Page
from hsnap_tui.tui.widgets.keys_footer import KeysFooter


class BatchesScreen(Page):
    """The batches on top, the jobs of the chosen one below."""

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

    def __init__(self, session: Console) -> None:
        super().__init__("Batches, the newest first")
        self._session = session
        self._batches: Sequence[BatchSummary] = ()

    def compose(self) -> ComposeResult:
        """The list and the jobs."""
        yield Static(self.heading, classes="title", markup=False)
        yield OptionList(markup=False)
        with VerticalScroll():
            yield Static(Text("reading the journal …", self.palette.quiet), id="jobs")
        yield KeysFooter()

    def on_mount(self) -> None:
        """Reads the journal."""
        self.run_worker(self._read(), description="reading past batches")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Shows the jobs of the highlighted batch."""
        pen = describe.Pen(self._session.clock.now(), self.palette)
        self.query_one("#jobs", Static).update(describe.batch(self._batches[event.option_index].jobs, pen))

    async def _read(self) -> None:
        block = self.query_one("#jobs", Static)
        try:
            self._batches = await self._session.batches()
        except Refused as error:
            block.update(Text(f"✗ {error}", self.palette.bad))
            return
        if not self._batches:
            block.update(Text("No batch yet: select servers and press s.", self.palette.quiet))
            return
        now = self._session.clock.now()
        options = self.query_one(OptionList)
        options.add_options([Option(in_a_line(batch, now)) for batch in self._batches])
        options.highlighted = 0


def in_a_line(batch: BatchSummary, now: datetime) -> Text:
    """One batch: when, its ID, how many, how long, outcomes."""
    counts = Counter(_standing(job.state) for job in batch.jobs)
    outcome = ", ".join(f"{number:,} {state}" for state, number in counts.most_common())
    seconds = ((batch.ended or now) - batch.created).total_seconds()
    took = f"took {words.exactly(seconds)}" if batch.ended else f"under way for {words.exactly(seconds)}"
    return Text.assemble(
        (words.date_time(batch.created), "bold"),
        f"  {words.count(len(batch.jobs), 'job')}, {took}: {outcome}",
        no_wrap=True,
    )


def _standing(state: JobState) -> str:
    return state.value if state.ended or state.needs_person else "under way"
