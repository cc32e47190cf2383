"""Fixture that gives the ladder a data folder of its own."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLM_HOME", str(tmp_path_factory.mktemp("home")))
        yield
