"""Chaos: a share of all requests goes wrong in every way that is known, and the truth is counted afterwards.

    python -m tests.benchmarks.chaos [--shut-down] [--seeds 3] [--servers 100] [--rate 0.15] [--speed 10]

Both clocks run `--speed` times as fast as the machine's; the time-outs of requests are real seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.demo.model.faults import KINDS, Fault
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.events import Event, JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import JobState, SnapshotOptions
from hsnap_tui.session.session import Session
from tests.benchmarks import inside, truth
from tests.benchmarks.table import Promises, show

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 1.0
SECONDS = {"latency": 0.5, "stall-then-effect": 20.0}
"""Times other than the usual ones: effects later than the bound in the README would make two snapshots."""

TEXTS = {"refuse": "503/unavailable", "ratelimit": "1/0"}

NOT_BY_CHANCE = frozenset({"drop-then-effect", "readonly", "then", "date-text"})
"""What has rules of its own here, or what is a state of the token or a story, not an accident of one request."""

LATE = (5.0, 20.0)
"""Seconds of the cloud's clock after which a lost request takes effect; the engine looks for 30."""

LATEST_EFFECT = 60.0
"""Seconds of the cloud's clock after which nothing that was asked for happens any more."""


@dataclass(slots=True)
class Round:
    """What one seed came to."""

    seed: int
    seconds: float
    verdict: truth.Verdict
    events: Counter[str]
    faults: Counter[str]
    requests: int
    refused_for_rate: int
    off: list[str]
    defects: int
    stuck: bool


def every_fault(share: float) -> tuple[Fault, ...]:
    """Rules that together hit this share of all requests, each kind alike. The first that fits happens, so the
    later ones are asked less often and need a higher rate."""
    rules: list[tuple[str, float | None]] = [(kind, SECONDS.get(kind)) for kind in KINDS if kind not in NOT_BY_CHANCE]
    rules += [("drop-then-effect", seconds) for seconds in LATE]
    each = share / len(rules)
    return tuple(
        Fault(kind, rate=each / (1 - each * number), seconds=seconds, text=TEXTS.get(kind, ""))
        for number, (kind, seconds) in enumerate(rules)
    )


async def one_round(arguments: argparse.Namespace, seed: int, state_dir: Path) -> Round:
    """A whole batch of one seed."""
    options = DemoOptions(
        servers=arguments.servers,
        seed=seed,
        calm=arguments.calm,
        latency=0.05 / arguments.speed,
        speed=arguments.speed,
        action_failure_rate=arguments.fail_rate,
        unlock_at=arguments.unlock_at,
        ignore_acpi=0.03 if arguments.shut_down else 0.0,
    )
    with serve_in_thread(options=options) as served:
        before = truth.statuses(served)
        events: Counter[str] = Counter()

        def note(event: Event) -> None:
            if isinstance(event, JobEvent):
                events[event.kind.value] += 1
                if arguments.verbose and event.kind is not JobEventKind.PROGRESS:
                    why = event.failure.message if event.failure else event.note or ""
                    print(f"  {event.at:%H:%M:%S} {event.server_name} {event.kind} {why}")

        how = {"screen": arguments.screen, "connect_timeout": CONNECT_TIMEOUT, "read_timeout": READ_TIMEOUT}
        async with inside.running(served, state_dir, arguments.speed, **how) as session:
            session.subscribe(note)
            started, stuck = time.monotonic(), False
            try:
                async with asyncio.timeout(arguments.within):
                    await _batch(session, arguments, served)
            except TimeoutError:
                stuck = True
            took, jobs = time.monotonic() - started, list(session.jobs.by_id.values())
            served.faults.clear()
        await asyncio.sleep(LATEST_EFFECT / arguments.speed)
        faults = Counter(request.fault for request in served.requests if request.fault)
        return Round(
            seed,
            took,
            truth.judge(jobs, served),
            events,
            Counter({str(kind): count for kind, count in faults.items()}),
            len(served.requests),
            sum(request.status == 429 and request.fault is None for request in served.requests),
            truth.left_off(served, before),
            len(served.defects),
            stuck,
        )


async def _batch(session: Session, arguments: argparse.Namespace, served: Served) -> None:
    await inside.ready(session)
    served.faults.add(every_fault(arguments.rate))
    options = SnapshotOptions(shut_down=arguments.shut_down, at_a_time=arguments.at_a_time)
    count = await inside.snapshot_all(session, options)
    await inside.stand(session, count)
    if arguments.retry:
        again = (JobState.FAILED, JobState.NEEDS_APPROVAL)
        ids = [job.id for job in session.jobs.by_id.values() if job.state in again]
        await session.jobs.release(ids)
        await session.jobs.retry(ids)
        await session.clock.sleep(5)
        await inside.stand(session, count)
    await session.jobs.leave(cancel_waiting=False)


def main() -> int:
    """Runs all seeds and prints the figures; gives the exit code."""
    arguments = _arguments()
    rounds: list[Round] = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        with tempfile.TemporaryDirectory(prefix="hsnap-tui-chaos-") as folder:
            found = asyncio.run(one_round(arguments, seed, Path(folder)))
        rounds.append(found)
        print(f"seed {seed}: {dict(found.verdict.outcomes)} after {found.seconds:.0f} s", flush=True)
    return report(rounds, arguments)


def report(rounds: list[Round], arguments: argparse.Namespace) -> int:
    """Prints the figures; gives the exit code."""
    kinds = sorted({kind for found in rounds for kind in found.faults})
    seeds = [f"seed {found.seed}" for found in rounds]
    show("Faults by kind", ["kind", *seeds], [[kind, *(found.faults[kind] for found in rounds)] for kind in kinds])
    states = [state.value for state in JobState if any(found.verdict.outcomes[state.value] for found in rounds)]
    reasons = sorted({reason for found in rounds for reason in found.verdict.reasons})
    wanted = ("outcome_unknown", "found", "not_found", "retrying", "duplicate")
    rows: list[tuple[str, Sequence[object]]] = [
        ("requests", [found.requests for found in rounds]),
        ("faulty", [f"{found.faults.total() / max(1, found.requests):.1%}" for found in rounds]),
        ("429 by the rate limit", [found.refused_for_rate for found in rounds]),
        *((f"jobs {state}", [found.verdict.outcomes[state] for found in rounds]) for state in states),
        *((f"because: {reason}", [found.verdict.reasons[reason] for found in rounds]) for reason in reasons),
        *((f"events {kind}", [found.events[kind] for found in rounds]) for kind in wanted),
        ("snapshots", [found.verdict.snapshots for found in rounds]),
        ("duplicates", [len(found.verdict.duplicates) for found in rounds]),
        ("lost", [len(found.verdict.lost) for found in rounds]),
        ("said not to exist, but do", [len(found.verdict.denied) for found in rounds]),
        ("never ended", [len(found.verdict.unfinished) for found in rounds]),
        ("servers left off", [len(found.off) for found in rounds]),
        ("real seconds", [f"{found.seconds:.0f}" for found in rounds]),
    ]
    how = "shut down first, " if arguments.shut_down else ""
    title = f"{arguments.servers} servers, {how}{arguments.rate:.0%} of all requests faulty, "
    title += f"{arguments.fail_rate:.0%} of actions fail, {arguments.speed:g} times real speed"
    show(title, ["", *seeds], [[name, *cells] for name, cells in rows])
    promises = Promises()
    for found in rounds:
        verdict, name = found.verdict, f"seed {found.seed}"
        promises.equal(f"{name}: jobs", verdict.outcomes.total(), arguments.servers)
        promises.check(f"{name}: came to its end and left in order", not found.stuck)
        promises.equal(f"{name}: duplicates", verdict.duplicates, [])
        promises.equal(f"{name}: lost", verdict.lost, [])
        promises.equal(f"{name}: snapshots that we deny", verdict.denied, [])
        promises.equal(f"{name}: jobs that never ended", verdict.unfinished, [])
        promises.equal(f"{name}: snapshots without label", verdict.unlabelled, 0)
        promises.equal(f"{name}: servers left off", [*found.off, *verdict.owed], [])
        promises.equal(f"{name}: defects of the simulator", found.defects, 0)
    return promises.tell()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--servers", type=int, default=100)
    add("--seeds", type=int, default=3, help="how many runs (3)")
    add("--first-seed", type=int, default=1)
    add("--rate", type=float, default=0.15, help="share of faulty requests (0.15)")
    add("--fail-rate", type=float, default=0.05, help="share of actions that fail (0.05)")
    add("--speed", type=float, default=10.0, help="times real speed (10)")
    add("--shut-down", action="store_true", help="shut each server down first")
    add("--at-a-time", type=int, default=10, help="servers that may be off at once (10)")
    add("--unlock-at", type=int, default=100, help="percent at which create_image lets go of the lock (100)")
    add("--calm", action="store_true", help="nobody else works on the servers")
    add("--screen", action="store_true", help="look at everything, as a console does")
    add("--retry", action="store_true", help="say yes to held jobs and try failed ones again, once")
    add("--within", type=float, default=600.0, help="real seconds after which a run counts as stuck (600)")
    add("--verbose", action="store_true", help="print what happens to the jobs")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
