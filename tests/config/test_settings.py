"""Where token, endpoint and preferences come from, and what is refused in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.config.endpoint import DEFAULT_ENDPOINT, checked_endpoint
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Choices, Settings, TokenSource, load

OURS, THEIRS, OLD = "o" * 64, "t" * 64, "h" * 64

FILE = f"""
active_context = "prod"

[preferences]
endpoint = "https://global.example/v1/"

[[contexts]]
name = "prod"
token = "{THEIRS}"
[contexts.preferences]
endpoint = "https://prod.example/v1"

[[contexts]]
name = "stage"
token = " {OURS} "
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def write(home: Path, text: str | bytes, path: str = ".config/hcloud/cli.toml") -> Path:
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def reveal(settings: Settings) -> str | None:
    return settings.token.reveal() if settings.token else None


def test_nothing_at_all(home: Path) -> None:
    settings = load({}, home)
    assert settings.token is None
    assert settings.token_source is TokenSource.NONE
    assert settings.endpoint == DEFAULT_ENDPOINT
    assert (settings.connect_timeout, settings.read_timeout) == (5, 15)
    assert settings.warnings == ()
    assert not settings.read_only


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_active_context(home: Path, platform: str) -> None:
    write(home, FILE)
    write(home, FILE.replace("prod", "other"), "xdg/hcloud/cli.toml")
    settings = load({"XDG_CONFIG_HOME": str(home / "xdg")}, home, platform=platform)
    assert reveal(settings) == THEIRS
    assert settings.token_source is TokenSource.CONTEXT
    assert settings.context == settings.project == "prod"
    assert settings.endpoint == "https://prod.example/v1"


def test_the_file_on_windows(home: Path) -> None:
    write(home, FILE, "roaming/hcloud/cli.toml")
    settings = load({"APPDATA": str(home / "roaming")}, home, platform="win32")
    assert settings.context == "prod"


def test_a_file_elsewhere(home: Path) -> None:
    file = write(home, FILE, "elsewhere.toml")
    assert load({"HCLOUD_CONFIG": str(file)}, home).context == "prod"
    assert load({}, home, Choices(config=file)).context == "prod"
    assert load({"HCLOUD_CONFIG": str(home / "missing.toml")}, home).context is None


def test_a_named_context(home: Path) -> None:
    write(home, FILE)
    for settings in (load({"HCLOUD_CONTEXT": "stage"}, home), load({}, home, Choices(context="stage"))):
        assert reveal(settings) == OURS
        assert settings.endpoint == "https://global.example/v1"
        assert settings.warnings == ()
    assert load({"HCLOUD_CONTEXT": "stage"}, home, Choices(context="prod")).context == "prod"


def test_a_named_context_that_is_not_there(home: Path) -> None:
    write(home, FILE)
    with pytest.raises(SettingsError) as caught:
        load({"HCLOUD_CONTEXT": "none\x1b"}, home)
    assert "none\ufffd" in caught.value.message
    assert "prod, stage" in caught.value.advice
    assert load({"HCLOUD_CONTEXT": "none", "HCLOUD_TOKEN": OURS}, home).warnings


def test_an_active_context_that_is_not_there(home: Path) -> None:
    write(home, FILE.replace('active_context = "prod"', 'active_context = "gone"'))
    settings = load({}, home)
    assert settings.token is None
    assert "gone" in settings.warnings[0]


def test_the_variable_beats_contexts(home: Path) -> None:
    write(home, FILE)
    settings = load({"HCLOUD_TOKEN": f" {OURS}\n"}, home)
    assert (reveal(settings), settings.token_source) == (OURS, TokenSource.VARIABLE)
    assert settings.endpoint == "https://prod.example/v1"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("environ", "choices"), [({"HCLOUD_CONTEXT": "stage"}, Choices()), ({}, Choices(context="stage"))]
)
def test_the_variable_beats_even_a_named_context(home: Path, environ: dict[str, str], choices: Choices) -> None:
    write(home, FILE)
    settings = load({"HCLOUD_TOKEN": OLD, **environ}, home, choices)
    assert reveal(settings) == OLD
    assert "HCLOUD_TOKEN" in settings.warnings[0]
    assert "stage" in settings.warnings[0]


def test_the_old_variable_still_works_with_a_hint(home: Path) -> None:
    settings = load({"HERTZNER_API_KEY": OLD}, home)
    assert (reveal(settings), settings.token_source) == (OLD, TokenSource.OLD_VARIABLE)
    assert "HCLOUD_TOKEN" in settings.warnings[0]
    write(home, FILE)
    assert reveal(load({"HERTZNER_API_KEY": OLD}, home)) == THEIRS


def test_empty_variables_count_as_unset(home: Path) -> None:
    write(home, FILE)
    names = ["HCLOUD_TOKEN", "HCLOUD_CONTEXT", "HCLOUD_CONFIG", "HCLOUD_ENDPOINT", "HERTZNER_API_KEY"]
    names += ["HSNAP_READ_TIMEOUT", "HSNAP_STATE_DIR"]
    settings = load(dict.fromkeys(names, "  "), home)
    assert settings.context == "prod"
    assert settings.endpoint == "https://prod.example/v1"


def test_endpoint_precedence(home: Path) -> None:
    write(home, FILE)
    environ = {"HCLOUD_ENDPOINT": "https://variable.example/v1"}
    assert load(environ, home).endpoint == "https://variable.example/v1"
    assert load(environ, home, Choices(endpoint="http://[::1]:8080/v1/")).endpoint == "http://[::1]:8080/v1"


@pytest.mark.parametrize(
    "text",
    [
        f'token = "{THEIRS}',
        f'contexts = "{THEIRS}"',
        f'contexts = ["{THEIRS}"]',
        b"\xff\xfe",
        "a = " + "[" * 10_000,
    ],
)
def test_a_broken_file(home: Path, text: str | bytes) -> None:
    file = write(home, text)
    with pytest.raises(SettingsError) as caught:
        load({}, home)
    assert str(file) in caught.value.message
    assert caught.value.advice
    assert THEIRS not in str(caught.value)
    settings = load({"HCLOUD_TOKEN": OURS}, home)
    assert reveal(settings) == OURS
    assert str(file) in settings.warnings[0]


def test_a_file_that_is_a_folder(home: Path) -> None:
    (home / ".config/hcloud/cli.toml").mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, home)


def test_odd_types_in_the_file_are_taken_as_missing(home: Path) -> None:
    write(home, 'active_context = 3\npreferences = 4\n[[contexts]]\nname = "a"\ntoken = 5\npreferences = "x"\n')
    assert load({}, home).token is None
    settings = load({"HCLOUD_CONTEXT": "a"}, home)
    assert settings.token is None
    assert "no token" in settings.warnings[0]


@pytest.mark.parametrize("bad", ["a b", "a\nb", "a\tb", "a\x00b", "töken", "a\x7fb", "\ufefftoken", "a\u2028b"])
def test_a_token_that_no_header_can_carry(home: Path, bad: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"HCLOUD_TOKEN": bad}, home)
    assert "HCLOUD_TOKEN" in caught.value.message
    assert bad not in str(caught.value)


@given(st.text())
def test_any_token_is_taken_or_refused_without_being_told(text: str) -> None:
    text = f"<{text}>" * 3
    if all("!" <= character <= "~" for character in text):
        assert reveal(load({"HCLOUD_TOKEN": text}, Path("nowhere"))) == text
        return
    with pytest.raises(SettingsError) as caught:
        load({"HCLOUD_TOKEN": text}, Path("nowhere"))
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "good",
    [
        "https://api.hetzner.cloud/v1",
        "http://127.0.0.1:8080/v1",
        "http://127.9.9.9/v1",
        "http://localhost:1/v1",
        "http://[::1]:1/v1",
        "https://192.0.2.1:8443",
    ],
)
def test_endpoints(good: str) -> None:
    assert checked_endpoint(good, "it") == good
    assert checked_endpoint(good + "/", "it") == good


@pytest.mark.parametrize(
    "bad",
    [
        "http://api.hetzner.cloud/v1",
        "http://0.0.0.0/v1",
        "http://127.0.0.1.example/v1",
        "http://localhost.example/v1",
        "ftp://localhost/v1",
        "api.hetzner.cloud/v1",
        "https://",
        "https:///v1",
        "https://user:hidden@api.hetzner.cloud/v1",
        "https://user@api.hetzner.cloud/v1",
        "https://api.hetzner.cloud/v1?x=1",
        "https://api.hetzner.cloud/v1?",
        "https://api.hetzner.cloud/v1#x",
        "https://api.hetzner.cloud:port/v1",
        "https://api.hetzner.cloud:99999/v1",
        "https://[::1/v1",
        "https://a b/v1",
        "https://a/v1\x1b[2J",
        "https://a/\nv1",
    ],
)
def test_endpoints_that_get_no_token(home: Path, bad: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"HCLOUD_ENDPOINT": bad}, home)
    assert "HCLOUD_ENDPOINT" in caught.value.advice
    assert str(caught.value).isprintable()
    assert "hidden" not in str(caught.value)


@given(st.text())
def test_any_unencrypted_endpoint_is_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_endpoint(f"http://x{text}", "it")
    assert str(caught.value).isprintable()


def test_time_outs(home: Path) -> None:
    environ = {"HSNAP_CONNECT_TIMEOUT": "2", "HSNAP_READ_TIMEOUT": "7.5"}
    settings = load(environ, home, Choices(connect_timeout=1))
    assert (settings.connect_timeout, settings.read_timeout) == (1, 7.5)


@pytest.mark.parametrize("bad", ["0", "-1", "nan", "inf", "soon", "601"])
def test_time_outs_that_are_none(home: Path, bad: str) -> None:
    with pytest.raises(SettingsError, match="HSNAP_READ_TIMEOUT"):
        load({"HSNAP_READ_TIMEOUT": bad}, home)


def test_state_folder(home: Path) -> None:
    assert load({}, home).state_dir.name == "hsnap-tui"
    assert load({"HSNAP_STATE_DIR": "~/state"}, home).state_dir == home / "state"
    assert load({"HSNAP_STATE_DIR": "state"}, home).state_dir == Path("state").absolute()
    assert load({"HSNAP_STATE_DIR": "x"}, home, Choices(state_dir=home)).state_dir == home


def test_read_only(home: Path) -> None:
    assert load({}, home, Choices(read_only=True)).read_only


def test_the_demo_reads_nothing(home: Path) -> None:
    settings = Settings.for_demo("http://127.0.0.1:1/v1/", Secret("x"), home)
    assert (settings.token_source, settings.project) == (TokenSource.DEMO, "demo")
    assert settings.endpoint == "http://127.0.0.1:1/v1"


def test_secrets_show_themselves_to_nobody(home: Path) -> None:
    settings = load({"HCLOUD_TOKEN": OURS}, home)
    for text in (repr(settings), str(settings), repr(settings.token), f"{settings.token}"):
        assert OURS not in text
    assert reveal(settings) == OURS


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(home: Path) -> None:
    write(home, FILE).chmod(0)
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, home)
