"""Where token, endpoint and preferences come from: the official command line's places, in its order."""

from __future__ import annotations

import ipaddress
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_state_path

from hsnap_tui.common.text import clean

DEFAULT_ENDPOINT = "https://api.hetzner.cloud/v1"
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 15.0
LONGEST_TIMEOUT = 600.0


class Secret:
    """A text that shows itself to nobody who does not ask for it by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(eq=False)
class SettingsError(Exception):
    """Settings that cannot be used: what is wrong, and what to do."""

    message: str
    advice: str

    def __str__(self) -> str:
        return f"{self.message} {self.advice}"


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
        file = _read_file(choices.config or _config_path(variables, home, platform))
        context = _chosen_context(file, choices.context, variables, warnings)
    except SettingsError as error:
        if not has_token:
            raise
        warnings.append(f"{error.message} It is not needed, since HCLOUD_TOKEN is set.")
        file, context = _ContextFile(), None
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


def is_loopback(host: str) -> bool:
    """Whether the host is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_endpoint(text: str, source: str) -> str:
    """The endpoint without a trailing slash; `SettingsError` when a token must not be sent there."""
    advice = f"Correct {source}, for example to {DEFAULT_ENDPOINT}."
    shown = clean(text)
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError:
        raise SettingsError("The endpoint is not a web address.", advice) from None
    if url.username is not None or url.password is not None:
        raise SettingsError("The endpoint contains a user name or a password.", advice)
    if url.scheme not in ("http", "https") or not host or shown != text or " " in text:
        raise SettingsError(f"The endpoint {shown} is not a web address.", advice)
    if "?" in text or "#" in text:
        raise SettingsError(f"The endpoint {shown} goes on after its path.", advice)
    if url.scheme == "http" and not is_loopback(host):
        raise SettingsError(
            f"The endpoint {shown} is not encrypted, and the token would be readable on the way.",
            f"Use https in {source}; plain http is for this machine only.",
        )
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class _Context:
    name: str
    token: str
    preferences: Mapping[str, Any]

    @property
    def label(self) -> str:
        return clean(self.name)


@dataclass(frozen=True, slots=True)
class _ContextFile:
    path: Path | None = None
    active: str | None = None
    contexts: Mapping[str, _Context] = field(default_factory=dict)
    preferences: Mapping[str, Any] = field(default_factory=dict)


def _config_path(variables: Mapping[str, str], home: Path, platform: str) -> Path:
    if "HCLOUD_CONFIG" in variables:
        return Path(variables["HCLOUD_CONFIG"])
    if platform == "win32":
        return Path(variables.get("APPDATA", home / "AppData" / "Roaming")) / "hcloud" / "cli.toml"
    return home / ".config" / "hcloud" / "cli.toml"


def _read_file(path: Path) -> _ContextFile:
    """The official command line's file; a missing one is like an empty one."""
    advice = "Repair it (`hcloud context list` shows how the official command line sees it), or set HCLOUD_TOKEN."
    shown = clean(str(path))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _ContextFile(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"The context file {shown} cannot be read: {reason}.", advice) from None
    except (ValueError, RecursionError):
        # The parser's own words may quote a line with a token.
        raise SettingsError(f"The context file {shown} is not valid TOML.", advice) from None
    entries = content.get("contexts", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"The contexts in {shown} are not a list of tables.", advice)
    contexts = [
        _Context(_string(entry.get("name")), _string(entry.get("token")), _table(entry.get("preferences")))
        for entry in entries
    ]
    return _ContextFile(
        path,
        _string(content.get("active_context")) or None,
        {context.name: context for context in contexts if context.name},
        _table(content.get("preferences")),
    )


def _chosen_context(
    file: _ContextFile, flag: str | None, variables: Mapping[str, str], warnings: list[str]
) -> _Context | None:
    named = flag or variables.get("HCLOUD_CONTEXT")
    name = named or file.active
    if name is None or name in file.contexts:
        return file.contexts[name] if name else None
    message = f"There is no context {clean(name)} in {clean(str(file.path))}."
    if named:
        known = ", ".join(context.label for context in file.contexts.values()) or "none"
        raise SettingsError(message, f"Choose one that is there ({known}), or set HCLOUD_TOKEN.")
    warnings.append(f"{message} It is the active one there; choose another with `hcloud context use`.")
    return None


def _token(
    variables: Mapping[str, str], context: _Context | None, warnings: list[str]
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


def _endpoint(flag: str | None, variables: Mapping[str, str], context: _Context | None, file: _ContextFile) -> str:
    candidates = (
        (flag or "", "--endpoint"),
        (variables.get("HCLOUD_ENDPOINT", ""), "HCLOUD_ENDPOINT"),
        (_string(context.preferences.get("endpoint")) if context else "", f"the context's endpoint in {file.path}"),
        (_string(file.preferences.get("endpoint")), f"the endpoint in {file.path}"),
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
            f"Leave it out for {default:g} seconds.",
        )
    return seconds


def _string(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
