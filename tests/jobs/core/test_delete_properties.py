"""Whatever happens to a deletion: what it says is true, nothing else is deleted, and it comes to an end.

*Sent* only when the newest look-up, made after everything that was sent before, showed a snapshot that may be
deleted; *done* only when the snapshot is gone; *cancelled*, *failed* or *held* only when no request of ours can still
delete it; *an end*, whatever is lost, late, refused, interrupted or taken over by another process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.model import Image
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.delete_snapshot import DeleteRequest, DeleteSnapshotJob, DeleteTarget, resume, step
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, RequestKind
from hsnap_tui.jobs.core.observations import (
    AnswerLost,
    Cancel,
    Command,
    Hold,
    ImageLookedUp,
    JobObservation,
    LookUpFailed,
    Release,
    RequestDone,
    RequestRefused,
    Retry,
    Send,
    Step,
    StepContext,
    Tick,
)
from hsnap_tui.jobs.store.rows import body_of, parsed_job

START = datetime(2026, 1, 1, tzinfo=UTC)
DELETE = RequestKind.DELETE_IMAGE
SECOND = timedelta(seconds=1)
UNKNOWN = CloudError(ErrorKind.OUTCOME_UNKNOWN, "lost", Effect.POSSIBLE)
REFUSALS = {
    "locked": ErrorKind.LOCKED,
    "busy": ErrorKind.RATE_LIMITED,
    "conflict": ErrorKind.CONFLICT,
    "unsupported": ErrorKind.UNSUPPORTED,
    "no access": ErrorKind.UNAUTHORIZED,
}
ANSWERS = ("done", "lost", "lost but done", "late", "never answered", "look-up fails", *REFUSALS)
HAPPENINGS = (
    "nothing",
    "cancel",
    "release",
    "retry",
    "hold",
    "killed",
    "killed, but done",
    "killed, and done later",
    "killed, an hour",
    "somebody deletes",
    "protect",
    "route pauses",
)


@dataclass
class Story:
    """One deletion, and the snapshot at Hetzner."""

    answers: list[str]
    now: datetime = START
    there: bool = True
    protected: bool = False
    late: datetime | None = None
    looked_at: Image | None = None
    """What the newest look-up showed, none when something was sent since."""
    pending: Command | None = None
    paused: bool = False
    """Whether Hetzner deletes nothing at the moment, so that another job tries it."""
    told: list[JobEventKind] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.job,) = DeleteRequest((DeleteTarget(7, "snapshot 7", "web"),)).jobs("b", "p", START, lambda: "j")

    def tell(self, observation: JobObservation) -> None:
        """One step of the job, in the state in which the journal would keep it."""
        self._take(step(self.job, observation, StepContext(self.now, may_create=not self.paused)))

    def take_over(self, *, own: bool) -> None:
        """The process is killed: answers are lost, and another one reads the journal."""
        self.pending, self.looked_at = None, None
        kept = parsed_job(body_of(self.job))
        assert isinstance(kept, DeleteSnapshotJob)
        self.job = kept
        self._take(resume(self.job, StepContext(self.now), own))
        self.tell(Tick())

    def _take(self, made: Step[DeleteSnapshotJob]) -> None:
        self.job = made.job
        self.told += [event.kind for event in made.events]
        self.pending = made.command or self.pending
        if isinstance(made.command, Send):
            seen = self.looked_at
            assert seen is not None, "looked at before it is sent, after all that was sent before"
            assert (seen.type, seen.delete_protected) == ("snapshot", False)
            self.looked_at = None
        self._is_true()

    def _is_true(self) -> None:
        state = self.job.state
        if state is JobState.DONE:
            assert not self.there
        if state.needs_person or state in (JobState.CANCELLED, JobState.FAILED):
            assert self.job.delete_image.phase is Phase.READY
            assert self.late is None, "nothing of ours can still delete it"

    def answer(self) -> None:
        """What the command that is under way gets as its answer."""
        command, self.pending = self.pending, None
        answer = self.answers.pop(0) if self.answers else "done"
        if not isinstance(command, Send):
            image = Image(7, "snapshot", "web", self.protected) if self.there else None
            if answer == "look-up fails":
                self.tell(LookUpFailed(UNKNOWN))
            else:
                self.looked_at = image
                self.tell(ImageLookedUp(DELETE, self.now, image))
        elif not self.there:
            self.tell(RequestRefused(DELETE, CloudError(ErrorKind.NOT_FOUND, "gone")))
        elif answer in REFUSALS:
            self.tell(RequestRefused(DELETE, CloudError(REFUSALS[answer], answer)))
        elif self.protected:
            self.tell(RequestRefused(DELETE, CloudError(ErrorKind.PROTECTED, "protected")))
        elif answer == "never answered":
            self.pending = command
        elif answer in ("lost", "lost but done", "late"):
            self.there = self.there and answer != "lost but done"
            self.late = self.now + 20 * SECOND if answer == "late" else self.late
            self.tell(AnswerLost(DELETE, UNKNOWN))
        else:
            self.there = False
            self.tell(RequestDone(DELETE))

    def happens(self, what: str) -> None:
        """Something that nobody foresees."""
        match what:
            case "cancel":
                self.tell(Cancel())
            case "release":
                self.tell(Release())
            case "retry":
                self.tell(Retry())
            case "hold":
                self.tell(Hold(HoldReason.NO_ACCESS))
            case "killed":
                self.take_over(own=False)
            case "killed, but done" | "killed, and done later":
                if isinstance(self.pending, Send) and not self.protected:
                    self.there = self.there and what != "killed, but done"
                    self.late = self.now + 20 * SECOND if what == "killed, and done later" else self.late
                self.take_over(own=False)
            case "killed, an hour":
                self.now += timedelta(hours=1)
                self.pass_time()
                self.take_over(own=False)
            case "somebody deletes":
                self.there = False
            case "protect":
                self.protected = True
            case "route pauses":
                self.paused = not self.paused

    def pass_time(self) -> None:
        """What comes late has come by now."""
        if self.late is not None and self.now >= self.late:
            self.there, self.late = self.there and self.protected, None

    def go_on(self) -> None:
        """A second passes."""
        self.now += SECOND
        self.pass_time()
        if self.pending is not None:
            self.answer()
        else:
            self.tell(Tick())


@given(st.lists(st.sampled_from(ANSWERS), max_size=15), st.lists(st.sampled_from(HAPPENINGS), max_size=12))
def test_whatever_happens_what_it_says_is_true_and_it_comes_to_an_end(
    answers: list[str], happenings: list[str]
) -> None:
    story = Story(answers)
    for what in happenings:
        story.go_on()
        story.happens(what)
    story.paused = False
    for _ in range(600):
        if story.job.resting and story.pending is None:
            break
        story.go_on()
    assert story.job.resting, "it comes to an end"
    if story.job.state is JobState.NEEDS_APPROVAL:
        story.answers.clear()
        story.tell(Release())
        for _ in range(600):
            if story.job.resting and story.pending is None:
                break
            story.go_on()
        assert story.job.state in (JobState.DONE, JobState.FAILED), "a yes brings it to its end"
    endings = {JobEventKind.DONE, JobEventKind.CANCELLED, JobEventKind.FAILED}
    assert endings & set(story.told), "its end is told"


def test_a_snapshot_that_is_looked_up_after_it_was_cancelled_stays_cancelled() -> None:
    story = Story([])
    story.tell(Tick())
    story.tell(Cancel())
    story.there = False
    story.answer()
    assert story.job.state is JobState.CANCELLED
    assert story.told[-1] is JobEventKind.CANCELLED
