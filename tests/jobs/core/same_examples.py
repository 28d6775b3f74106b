"""Makes hypothesis draw the same examples on every machine and in every test process."""

from __future__ import annotations

import pytest
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def same_examples_everywhere(patch: pytest.MonkeyPatch) -> None:
    """With `derandomize`, hypothesis still draws now and then a number that it has read in the project's modules: in
    those that happen to be imported so far, which depends on the tests that ran before in the same process. It has no
    setting to leave that out; this is the only use of its private parts (the version is that of requirements.lock).
    """
    none_read = Constants()
    patch.setattr(providers, "_get_local_constants", lambda: none_read)
    providers.CONSTANTS_CACHE.cache.clear()
