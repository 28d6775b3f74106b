"""How a command without a screen ends: a sentence, a last line of JSON, and the exit code."""

from __future__ import annotations

from hsnap_tui.headless import json_lines
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report


def end(report: Report, code: ExitCode, text: str) -> ExitCode:
    """Writes the message and the last record; returns the exit code."""
    report.write_text(text)
    report.record(json_lines.record("end", exit=int(code), message=text))
    return code
