"""Reading the query of a list request: pages, sorting, filters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from hsnap_tui.demo.model import selector
from hsnap_tui.demo.model.errors import ApiError, invalid_input
from hsnap_tui.demo.routes.call import Call, RouteResponse

DEFAULT_PER_PAGE = 25
MAX_PER_PAGE = 50
#: IDs are integers that JSON numbers hold exactly.
MAX_ID = 2**53 - 1

#: In any case of letters: the official SDK sends Python's True and False, and Hetzner takes them.
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

T = TypeVar("T")
SortFields = Mapping[str, Callable[[T], Any]]


def identifier(text: str) -> int | None:
    """Read an ID; None for what can't be one."""
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        return None
    number = int(text)
    return number if 1 <= number <= MAX_ID else None


def path_id(call: Call, name: str, missing: Callable[[object], ApiError]) -> int:
    """Give an ID from the path; raises what `missing` makes for one that can't exist."""
    number = identifier(call.path[name])
    if number is None:
        raise missing(call.path[name])
    return number


def ids(call: Call, name: str = "id") -> list[int]:
    """Give the IDs that a query parameter lists, each once. Raises ApiError invalid_input."""
    numbers = [identifier(text) for text in call.values(name)]
    if None in numbers:
        raise invalid_input({name: ["must be a valid ID"]})
    return list(dict.fromkeys(number for number in numbers if number is not None))


def choices(call: Call, name: str, allowed: Collection[str]) -> set[str]:
    """Give the values of a repeatable filter; empty: no filter. Raises ApiError invalid_input."""
    values = set(call.values(name))
    if not values <= set(allowed):
        raise invalid_input({name: [f"must be one of: {', '.join(allowed)}"]})
    return values


def flag(call: Call, name: str) -> bool:
    """Give a boolean parameter; false when missing. Raises ApiError invalid_input."""
    value = (call.value(name) or "false").lower()
    if value not in _BOOLEANS:
        raise invalid_input({name: ["must be true or false"]})
    return _BOOLEANS[value]


def offer(field: str, wanted: int | str, offers: Sequence[Any]) -> Any:
    """Give the offer of that ID or name. Raises ApiError invalid_input about the field."""
    for one in offers:
        if str(wanted) in (str(one.id), one.name):
            return one
    raise invalid_input({field: [f"{field.replace('_', ' ')} '{wanted}' not found"]})


def by_label(call: Call) -> selector.Matcher:
    """Give the test of `label_selector`. Raises ApiError invalid_input."""
    try:
        return selector.parse(call.value("label_selector") or "")
    except selector.SelectorError as error:
        raise invalid_input({"label_selector": [str(error)]}) from None


def ordered(call: Call, items: Iterable[T], fields: SortFields[T]) -> list[T]:
    """Sort by each `sort` parameter, the first one being the most important, else by ID as the items come."""
    rows = list(items)
    for text in reversed(call.values("sort")):
        name, _, direction = text.partition(":")
        if name not in fields or direction not in ("", "asc", "desc") or text.endswith(":"):
            raise invalid_input({"sort": [f"cannot sort by '{text}'"]})
        rows.sort(key=fields[name], reverse=direction == "desc")
    return rows


def page(call: Call, name: str, rows: Sequence[T], render: Callable[[T], Any]) -> RouteResponse:
    """Answer with one page of the rows, its `meta.pagination` and its Link header. Raises ApiError invalid_input."""
    number = _positive(call, "page", 1)
    size = min(_positive(call, "per_page", DEFAULT_PER_PAGE), MAX_PER_PAGE)
    last = max(1, -(-len(rows) // size))
    previous = number - 1 if number > 1 else None
    following = number + 1 if number < last else None
    pagination = {
        "page": number,
        "per_page": size,
        "previous_page": previous,
        "next_page": following,
        "last_page": last,
        "total_entries": len(rows),
    }
    shown = [render(row) for row in rows[(number - 1) * size : number * size]]
    links = {"prev": previous, "next": following, "last": last}
    link = ", ".join(f'<{_url(call, target, size)}>; rel="{rel}"' for rel, target in links.items() if target)
    return RouteResponse(200, {name: shown, "meta": {"pagination": pagination}}, {"Link": link})


def _positive(call: Call, name: str, default: int) -> int:
    text = call.value(name)
    if text is None:
        return default
    number = identifier(text)
    if number is None:
        raise invalid_input({name: ["must be a positive integer"]})
    return number


def _url(call: Call, number: int, size: int) -> str:
    kept = [(key, value) for key, value in call.query if key not in ("page", "per_page")]
    return f"{call.url}?{urlencode([*kept, ('page', number), ('per_page', size)])}"
