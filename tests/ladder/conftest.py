"""Where the rungs write: never into the home of whoever runs them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLM_HOME", str(tmp_path_factory.mktemp("home")))
        yield
