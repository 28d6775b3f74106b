"""Label selectors and the rule for labels."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.demo.model import labels, selector

_WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=6)
_KEYS = st.one_of(_WORDS, _WORDS.map("example.com/{}".format))
_FEW = st.sampled_from(["a", "b", "c"])
_LABELS = st.dictionaries(_FEW, st.sampled_from(["", "1", "2", "x.y"]))


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        ("", [{}, {"a": "1"}], []),
        ("a", [{"a": ""}, {"a": "1"}], [{}, {"b": "1"}]),
        ("!a", [{}, {"b": "1"}], [{"a": ""}]),
        ("! a", [{}], [{"a": ""}]),
        ("a=1", [{"a": "1"}], [{}, {"a": "2"}]),
        ("a == 1", [{"a": "1"}], [{}, {"a": "2"}]),
        ("a=", [{"a": ""}], [{}, {"a": "1"}]),
        ("a!=1", [{}, {"a": "2"}], [{"a": "1"}]),
        ("a in (1, 2)", [{"a": "1"}, {"a": "2"}], [{}, {"a": "3"}]),
        ("a in(1)", [{"a": "1"}], [{"a": "2"}]),
        ("a notin (1,2)", [{}, {"a": "3"}], [{"a": "1"}]),
        ("a=1,!b", [{"a": "1"}], [{"a": "1", "b": ""}, {}]),
        ("in in (in)", [{"in": "in"}], [{}]),
        ("example.com/a=1", [{"example.com/a": "1"}], [{"a": "1"}]),
        ("env in (t,s),role!=db , !x", [{"env": "t"}], [{"env": "t", "role": "db"}, {"env": "s", "x": ""}]),
    ],
)
def test_what_a_selector_takes(text: str, matching: list[dict[str, str]], others: list[dict[str, str]]) -> None:
    chosen = selector.parse(text)
    assert all(chosen(of) for of in matching)
    assert not any(chosen(of) for of in others)


@pytest.mark.parametrize(
    "text",
    ["=1", "!", "!!a", "a in", "a in (1", "a in 1", "a in (1 2)", "a b", "a=1=2", "a===1", ",", "a,", ",a", "a,,b",
     "!a=1", "a=(1)", "a>1", "-a", "a=-1", "a\n=\x00", "a/b/c", "ä=1", "a notin", "(a)", "a" * 64],
)  # fmt: skip
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(selector.SelectorError):
        selector.parse(text)


@given(st.text(max_size=30), _LABELS)
def test_any_text_is_a_selector_or_refused(text: str, of: dict[str, str]) -> None:
    try:
        chosen = selector.parse(text)
    except selector.SelectorError:
        return
    assert chosen(of) in (True, False)


@given(_FEW, st.lists(st.sampled_from(["1", "2", "x.y"]), min_size=1), _LABELS)
def test_the_forms_agree_with_each_other(key: str, values: list[str], of: dict[str, str]) -> None:
    def takes(text: str) -> bool:
        return selector.parse(text)(of)

    among = ",".join(values)
    assert takes(f"{key} in ({among})") == any(takes(f"{key}={value}") for value in values)
    assert takes(f"{key} notin ({among})") == (not takes(f"{key} in ({among})"))
    assert takes(f"{key}!={values[0]}") == (not takes(f"{key}=={values[0]}"))
    assert takes(f"!{key}") == (not takes(key))
    assert takes(f"{key},{key}={values[0]}") == (takes(key) and takes(f"{key}={values[0]}"))


@given(_KEYS, _WORDS)
def test_what_may_be_set_can_be_selected(key: str, value: str) -> None:
    assert labels.problem_with(key, value) is None
    assert selector.parse(f"{key}={value}")({key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a", "x" * 64),
        ("a" * 64, ""),
        ("a", "1\n"),
        ("a\n", "1"),
        ("", "1"),
        ("a", "-x"),
        ("_a", "1"),
        ("a/", "1"),
        ("/a", "1"),
        ("x" * 254 + "/a", "1"),
        ("under_score/a", "1"),
        ("hetzner.cloud/a", "1"),
        ("a", "ä"),
        ("a", "a b"),
        ("a", None),
        ("a", 1),
    ],
)
def test_labels_that_may_not_be_set(key: str, value: object) -> None:
    assert labels.problem_with(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("a", ""), ("a" * 63, "x" * 63), ("example.com/my", "la_b-e.l"), (".".join(["x" * 62] * 4) + "/a", "1")],
)
def test_labels_that_may_be_set(key: str, value: str) -> None:
    assert labels.problem_with(key, value) is None
