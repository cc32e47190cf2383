from collections.abc import Iterator
from pathlib import Path

import pytest
from app_harness import AppHarness
from textual.widgets import Input

from seqlm.presets import preset_config
from workbench.corpus.preview import Preview, make_preview


@pytest.fixture(scope="session")
def preview() -> Preview:
    return make_preview(preset_config("names-mlp").data)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Disable animations, and make colors and keys independent of the user's environment."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("SEQLM_KEYMAP", "/nowhere/keymap.toml")
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))


@pytest.fixture
def harness(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, preview: Preview
) -> Iterator[AppHarness]:
    monkeypatch.setenv("SEQLM_HOME", str(tmp_path))
    made = AppHarness(monkeypatch, tmp_path, preview)
    yield made
    made.close()
