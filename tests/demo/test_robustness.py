"""Whatever a client sends, the answer is one of the API's: nothing breaks inside."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.routes.call import Call
from hsnap_tui.demo.routes.table import ENDPOINTS
from hsnap_tui.demo.serving.simulation import Simulation
from tests.demo.described import Description

_DESCRIPTION = Description()
_WORDS = st.sampled_from(
    ["name", "labels", "type", "image", "server_type", "location", "delete", "rebuild", "public_net", "ssh_keys",
     "networks", "firewalls", "volumes", "placement_group", "description", "user_data", "start_after_create"]
)  # fmt: skip
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=8),
        st.sampled_from(["cx23", "ubuntu-24.04", "fsn1", "snapshot", "web", "11204332", "\ud800"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
_BODIES = st.one_of(
    st.dictionaries(_WORDS, _VALUES, max_size=6).map(lambda body: json.dumps(body).encode()), st.binary(max_size=20)
)
_QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["name", "sort", "status", "type", "page", "per_page", "label_selector", "id", "bound_to",
                         "include_deprecated", "architecture", "start", "end", "step", "fingerprint"]),
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["1", "id:desc", "running", "cpu", "2026-07-15T08:00:00Z", "a=b"]),
        ),
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ENDPOINTS), st.sampled_from(["server", "image", "other"]), _BODIES, _QUERIES)
def test_any_request_gets_an_answer_as_described(
    endpoint: Any, target: str, body: bytes, words: list[tuple[str, str]]
) -> None:
    simulation = Simulation(Cloud(DemoOptions(servers=3, calm=True), ManualClock()))
    cloud = simulation.cloud
    targets = {"server": next(iter(cloud.servers)), "image": cloud.image_history[0].id, "other": 7}
    call = Call({"id": str(targets[target]), "action_id": "1"}, tuple(words), body)
    answer = simulation.perform(endpoint.handler, call)
    assert simulation.defects == []
    assert 200 <= answer.status < 500
    if answer.status == 204:
        return
    key = "error" if answer.status >= 400 else f"{endpoint.method} {endpoint.template} {answer.status}"
    assert _DESCRIPTION.problems(key, json.loads(json.dumps(answer.body))) == []
