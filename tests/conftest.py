import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says more about the machine's other work than about the code.
settings.register_profile("seqlm", deadline=None)
settings.load_profile("seqlm")

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"

NORMAL_SUITE = "not slow and not ladder and not smoke_ladder"
LADDER = "ladder"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One test at a time where time is measured; else None: as many as there are cores."""
    return None if config.option.markexpr in (NORMAL_SUITE, LADDER) else 0


class Rows:
    """Prints what a test printed as soon as it ends, whichever process it ran in."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self.terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.terminal.write(report.capstdout, flush=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if config.option.markexpr == LADDER and terminal is not None:
        config.pluginmanager.register(Rows(terminal))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the texts that published losses were measured on."""
    folder = Path(os.environ.get("SEQLM_SHARED_DATA") or _BESIDE_CHECKOUT)
    if not (folder / "names.txt").is_file():
        pytest.skip(f"no comparison data in {folder}; SEQLM_SHARED_DATA names another folder")
    return folder
