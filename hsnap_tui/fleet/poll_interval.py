"""How long until the next poll: short while the rate limit allows it and the result is looked at (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from hsnap_tui.cloud.api import RateLimitStatus

FASTEST = 4.0
"""Requests a second that polls never exceed, however much is left."""
HORIZON = 600.0
"""Seconds over which what is left above the target may be spent, or what is missing is saved."""
POLLS_KEEP = 0.5
"""The share of the rate limit that polls leave to others in the long run."""
FULL_LISTS_KEEP = 0.75
"""The same for full lists, which only find what the cheaper polls cannot."""
QUICK_PAGES = 4
"""Pages of servers up to which full lists are read often while something runs."""
WITHOUT_FOCUS = "the terminal is not in focus"
NOTHING_MOVES = "the terminal is not in focus and nothing moves"
LOW_BUDGET = "to spare the rate limit"
RESERVE_NEAR = "the rate limit is nearly used up"


class Attention(Enum):
    """Who looks at the result."""

    FOCUSED = auto()
    UNFOCUSED = auto()
    NO_SCREEN = auto()


@dataclass(frozen=True, slots=True)
class PollInterval:
    """How often polls are made now.

    `interval` is the time from the start of one to the start of the next in seconds, `cost` what one takes in
    requests. `slowed_by` says in words why it is longer than it could be, or is none; `normal_in` is in about how
    many seconds the rate limit will not be the reason any more, none when that cannot be told.
    """

    interval: float
    cost: float
    slowed_by: str | None = None
    normal_in: float | None = None


@dataclass(frozen=True, slots=True)
class PollConditions:
    """What the poll interval depends on besides the rate limit. `idle`: seconds since anything ran or changed."""

    attention: Attention
    busy: bool
    urgent: bool = False
    idle: float = 0.0


def poll_interval(budget: RateLimitStatus, cost: float, conditions: PollConditions) -> PollInterval:
    """The time between polls that take `cost` requests each."""
    base, reason = _base(conditions)
    allowed = rate(budget, POLLS_KEEP)
    affordable = cost / allowed if cost > 0 else 0.0
    if affordable <= base * 1.05:
        return PollInterval(base, cost, reason)
    reason = RESERVE_NEAR if _near_reserve(budget) else LOW_BUDGET
    return PollInterval(affordable, cost, reason, _normal_in(budget, cost / base))


def allowance(budget: RateLimitStatus, conditions: PollConditions) -> int:
    """Requests that a poll may take in all without being a reason to poll less often."""
    return int(rate(budget, POLLS_KEEP) * _base(conditions)[0]) if conditions.attention is Attention.FOCUSED else 0


def full_list_interval(
    budget: RateLimitStatus, pages: int, present: PollInterval, conditions: PollConditions
) -> float:
    """Seconds between full lists of `pages` requests each, out of what the `present` polls leave over."""
    spare = max(rate(budget, FULL_LISTS_KEEP) - present.cost / present.interval, budget.refill / 20, 1e-6)
    if conditions.attention is not Attention.FOCUSED:
        return max(60.0, present.interval, pages / min(spare, slow_rate(conditions)))
    if conditions.busy and pages <= QUICK_PAGES:
        return max(present.interval, pages / spare)
    return max(present.interval, pages / min(spare, slow_rate(conditions)))


def slow_rate(conditions: PollConditions) -> float:
    """Requests a second for lists that only find what no running action tells: renamed servers, new labels, other
    people's snapshots, locks without a listed action."""
    if conditions.attention is not Attention.FOCUSED:
        return 1 / 60
    return 12 / 60 if conditions.busy else 2.5 / 60


def rate(budget: RateLimitStatus, keep: float) -> float:
    """Requests a second that lead to `keep` (a share of the limit) being left in the long run."""
    if _near_reserve(budget):
        return min(FASTEST, budget.refill / 10) or 1e-6
    wanted = budget.refill + (budget.remaining - keep * budget.limit) / HORIZON
    return min(FASTEST, max(wanted, budget.refill / 4, 1e-6))


def _near_reserve(budget: RateLimitStatus) -> bool:
    return budget.remaining < budget.reserve + 0.05 * budget.limit


def _base(conditions: PollConditions) -> tuple[float, str | None]:
    if conditions.urgent:
        return 2.0, None
    if conditions.attention is Attention.FOCUSED:
        return 2.5, None
    if conditions.attention is Attention.NO_SCREEN:
        return 2.0, None
    if conditions.busy:
        return 5.0, WITHOUT_FOCUS
    return (15.0, WITHOUT_FOCUS) if conditions.idle < 1800 else (30.0, NOTHING_MOVES)


def _normal_in(budget: RateLimitStatus, needed: float) -> float | None:
    enough = POLLS_KEEP * budget.limit + (needed - budget.refill) * HORIZON
    spare = budget.refill * 0.75
    if enough > POLLS_KEEP * budget.limit or spare <= 0:
        return None
    return max(0.0, enough - budget.remaining) / spare
