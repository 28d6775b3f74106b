"""Figures for people: aligned tables, and promises that are kept or broken."""

from __future__ import annotations

from collections.abc import Sequence


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table; the first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    if any(len(row) != len(columns) for row in cells):
        raise ValueError(f"every row of “{title}” needs {len(columns)} cells")
    widths = [max(len(row[at]) for row in [list(columns), *cells]) for at in range(len(columns))]
    print(f"\n{title}")
    for row in (list(columns), ["-" * width for width in widths], *cells):
        first, *others = zip(row, widths, strict=True)
        parts = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        print("  " + "  ".join(parts).rstrip(), flush=True)


class Promises:
    """What a benchmark claims, each with whether it held."""

    def __init__(self) -> None:
        self._broken: list[str] = []
        self._kept: list[str] = []

    def check(self, words: str, kept: bool) -> None:
        """Notes one promise."""
        (self._kept if kept else self._broken).append(words)

    def equal(self, words: str, found: object, wanted: object) -> None:
        """Notes that a figure must have this value."""
        self.check(f"{words}: {found}" + ("" if found == wanted else f", not {wanted}"), found == wanted)

    def tell(self) -> int:
        """Prints them; gives the exit code: 1 when one was broken."""
        print()
        for words in self._kept:
            print(f"  kept    {words}")
        for words in self._broken:
            print(f"  BROKEN  {words}")
        return 1 if self._broken else 0
