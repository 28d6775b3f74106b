"""Labels as people type them, by Hetzner's rules and ours."""

from __future__ import annotations

import pytest
from hcloud.helpers.labels import LabelValidator
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.snapshots.labels import LabelError, parse_label_line, parse_labels


def test_pairs() -> None:
    assert parse_labels(["env=prod", "just-a-key=", "example.com/my=label"]) == {
        "env": "prod",
        "just-a-key": "",
        "example.com/my": "label",
    }


def test_a_line_of_pairs() -> None:
    assert parse_label_line(" a=b,  c=d e= ") == {"a": "b", "c": "d", "e": ""}
    assert parse_label_line("") == {}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("env", "no ="),
        ("=prod", "no label key"),
        ("-env=prod", "no label key"),
        ("env=prod!", "no label value"),
        ("env=prod\n", "no label value"),
        ("env\n=prod", "no label key"),
        ("k" * 64 + "=v", "no label key"),
        ("k=" + "v" * 64, "no label value"),
        ("hetzner.cloud/x=y", "reserved"),
        ("Hetzner.Cloud/x=y", "reserved"),
        ("hsnap-tui/job=y", "reserved"),
        ("a..b/x=y", "no label prefix"),
        ("-a.com/x=y", "no label prefix"),
        ("/x=y", "no label prefix"),
        ("a/b/c=y", "no label prefix"),
        (".".join(["a" * 60] * 5) + "/x=y", "no label prefix"),
        ("k=a=b", "no label value"),
    ],
)
def test_refused_with_words(pair: str, words: str) -> None:
    with pytest.raises(LabelError) as caught:
        parse_labels([pair])
    assert words in str(caught.value)


def test_twice_is_refused() -> None:
    with pytest.raises(LabelError, match="twice"):
        parse_labels(["a=1", "a=2"])


@given(st.text(alphabet="aZ0-_./=\n hetznr.cloud"))
def test_what_we_take_the_sdk_takes_too(pair: str) -> None:
    try:
        labels = parse_labels([pair])
    except LabelError:
        return
    assert LabelValidator.validate(labels)
    assert not any(key.lower().startswith(("hetzner.cloud/", "hsnap-tui/")) for key in labels)
