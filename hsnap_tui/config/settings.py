"""Where token, endpoint and preferences come from: the official command line's places, in its order."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from platformdirs import user_state_path

from hsnap_tui.config.contexts import Context, ContextFile, choose_context, config_path, read_contexts
from hsnap_tui.config.endpoint import DEFAULT_ENDPOINT, checked_endpoint
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 15.0
LONGEST_TIMEOUT = 600.0


class TokenSource(StrEnum):
    """Where the token came from, in words for the screen."""

    NONE = "none"
    VARIABLE = "HCLOUD_TOKEN"
    CONTEXT = "context"
    OLD_VARIABLE = "HERTZNER_API_KEY"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the program works with. Time-outs in seconds; `warnings` are sentences to show.

    `project` is what to call the project on the screen: the context's name, or where the token came from.
    """

    token: Secret | None
    token_source: TokenSource
    endpoint: str
    project: str
    state_dir: Path
    context: str | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    read_only: bool = False
    warnings: tuple[str, ...] = ()

    @classmethod
    def for_demo(cls, endpoint: str, token: Secret, state_dir: Path, *, read_only: bool = False) -> Settings:
        """The settings of a demo: nothing of the person's own is read."""
        return cls(
            token, TokenSource.DEMO, checked_endpoint(endpoint, "demo"), "demo", state_dir, read_only=read_only
        )


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says; none where it says nothing."""

    context: str | None = None
    config: Path | None = None
    endpoint: str | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    state_dir: Path | None = None
    read_only: bool = False


def load(
    environ: Mapping[str, str], home: Path, choices: Choices | None = None, *, platform: str = sys.platform
) -> Settings:
    """The settings of a run; an empty variable counts as unset. Raises `SettingsError` in words.

    Precedence is the official command line's: flag, environment, the context's preferences, the global ones,
    default; and `HCLOUD_TOKEN` beats a context's token even where a context is named.
    """
    choices = choices or Choices()
    variables = {name: value.strip() for name, value in environ.items() if value.strip()}
    warnings: list[str] = []
    has_token = "HCLOUD_TOKEN" in variables
    try:
        file = read_contexts(choices.config or config_path(variables, home, platform))
        context = choose_context(file, choices.context, variables, warnings)
    except SettingsError as error:
        if not has_token:
            raise
        warnings.append(f"{error.message} It is not needed, since HCLOUD_TOKEN is set.")
        file, context = ContextFile(), None
    token, source = _token(variables, context, warnings)
    if source is TokenSource.VARIABLE and context and (choices.context or "HCLOUD_CONTEXT" in variables):
        warnings.append(f"HCLOUD_TOKEN is set and is used in place of the token of context {context.label}.")
    return Settings(
        token=token,
        token_source=source,
        endpoint=_endpoint(choices.endpoint, variables, context, file),
        project=context.label if context and source is TokenSource.CONTEXT else "Hetzner Cloud",
        state_dir=choices.state_dir or _state_dir(variables, home),
        context=context.label if context else None,
        connect_timeout=_seconds(choices.connect_timeout, variables, "HSNAP_CONNECT_TIMEOUT", CONNECT_TIMEOUT),
        read_timeout=_seconds(choices.read_timeout, variables, "HSNAP_READ_TIMEOUT", READ_TIMEOUT),
        read_only=choices.read_only,
        warnings=tuple(warnings),
    )


def _token(
    variables: Mapping[str, str], context: Context | None, warnings: list[str]
) -> tuple[Secret | None, TokenSource]:
    if text := variables.get("HCLOUD_TOKEN"):
        return _checked_token(text, "HCLOUD_TOKEN"), TokenSource.VARIABLE
    if context and context.token:
        return _checked_token(context.token, f"the context {context.label}"), TokenSource.CONTEXT
    if context:
        warnings.append(f"The context {context.label} has no token.")
    if text := variables.get("HERTZNER_API_KEY"):
        warnings.append("The token comes from HERTZNER_API_KEY, an old name; call the variable HCLOUD_TOKEN.")
        return _checked_token(text, "HERTZNER_API_KEY"), TokenSource.OLD_VARIABLE
    return None, TokenSource.NONE


def _checked_token(text: str, source: str) -> Secret:
    """The token; one that cannot be in a header would end up in an error's text. Its length is Hetzner's matter."""
    if not all("!" <= character <= "~" for character in text):
        raise SettingsError(
            f"The token from {source} contains a space, a line break or a character that no token has.",
            "Copy it again from the Hetzner Console (Security, API tokens), without anything around it.",
        )
    return Secret(text)


def _endpoint(flag: str | None, variables: Mapping[str, str], context: Context | None, file: ContextFile) -> str:
    candidates = (
        (flag or "", "--endpoint"),
        (variables.get("HCLOUD_ENDPOINT", ""), "HCLOUD_ENDPOINT"),
        (context.endpoint if context else "", f"the context's endpoint in {file.path}"),
        (file.endpoint, f"the endpoint in {file.path}"),
        (DEFAULT_ENDPOINT, "the endpoint"),
    )
    text, source = next((text.strip(), source) for text, source in candidates if text.strip())
    return checked_endpoint(text, source)


def _state_dir(variables: Mapping[str, str], home: Path) -> Path:
    chosen = variables.get("HSNAP_STATE_DIR")
    if chosen is None:
        return user_state_path("hsnap-tui", appauthor=False)
    return home / chosen[2:] if chosen.startswith("~/") else Path(chosen).absolute()


def _seconds(flag: float | None, variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name)
    try:
        seconds = flag if flag is not None else float(text) if text else default
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise SettingsError(
            f"{name} is no time-out in seconds between 0 and {LONGEST_TIMEOUT:g}.",
            f"Without it, it is {default:g} seconds.",
        )
    return seconds
