"""The contexts of the official command line: its file, where it is and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsnap_tui.common.text import clean
from hsnap_tui.config.errors import SettingsError

_ADVICE = "Repair it (`hcloud context list` shows how the official command line sees it), or set HCLOUD_TOKEN."


@dataclass(frozen=True, slots=True)
class Context:
    """A project of the official command line; empty texts where the file says nothing."""

    name: str
    token: str
    endpoint: str

    @property
    def label(self) -> str:
        """The name as it is shown."""
        return clean(self.name)


@dataclass(frozen=True, slots=True)
class ContextFile:
    """The file's contexts by name, the one that is active, and the endpoint that holds for all."""

    path: Path | None = None
    active: str | None = None
    contexts: Mapping[str, Context] = field(default_factory=dict)
    endpoint: str = ""


def config_path(variables: Mapping[str, str], home: Path, platform: str) -> Path:
    """Where the file is: as the official command line looks for it, which has no variable of its own on macOS."""
    if "HCLOUD_CONFIG" in variables:
        return Path(variables["HCLOUD_CONFIG"])
    if platform == "win32":
        return Path(variables.get("APPDATA", home / "AppData" / "Roaming")) / "hcloud" / "cli.toml"
    return home / ".config" / "hcloud" / "cli.toml"


def read_contexts(path: Path) -> ContextFile:
    """What is in the file; a missing one is like an empty one. Raises `SettingsError`."""
    from hsnap_tui.config.toml_file import load_toml  # noqa: PLC0415 - cattrs takes long to import; no help needs it

    content = load_toml(path, _Content, what="The context file", advice=_ADVICE, other_keys=True)
    contexts = (
        Context(_text(entry.name), _text(entry.token), _preferred_endpoint(entry.preferences))
        for entry in content.contexts
    )
    return ContextFile(
        path,
        _text(content.active_context) or None,
        {context.name: context for context in contexts if context.name},
        _preferred_endpoint(content.preferences),
    )


def choose_context(
    file: ContextFile, flag: str | None, variables: Mapping[str, str], warnings: list[str]
) -> Context | None:
    """The context of the flag, the variable, or the active one. Raises `SettingsError` when a named one is not there;
    warns when the active one is not."""
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A context as the file has it. Another program writes it: a value of an odd type counts as missing."""

    name: object = None
    token: object = None
    preferences: object = None


@dataclass(frozen=True, slots=True)
class _Content:
    active_context: object = None
    contexts: list[_Entry] = field(default_factory=list)
    preferences: object = None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _preferred_endpoint(preferences: object) -> str:
    return _text(preferences.get("endpoint")) if isinstance(preferences, dict) else ""
