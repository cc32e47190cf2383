"""The terminal below the app: what is told once it has a frame, and how signals are followed."""

import asyncio
import io
import signal

import pytest
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from workbench.terminal.driver import TerminalDriver, _Screen


def test_what_waits_for_a_frame_is_told_when_the_terminal_has_it() -> None:
    told: list[str] = []
    screen = _Screen(io.TextIOWrapper(io.BytesIO()))
    screen.when_written(lambda: told.append("nothing is on its way"))
    screen.n_given += 2
    screen.when_written(lambda: told.append("both"))
    screen.write("a")
    screen.flush()
    screen.write("b")
    screen.when_written(lambda: told.append("both, heard of late"))
    assert told == ["nothing is on its way"]
    screen.flush()
    assert told == ["nothing is on its way", "both", "both, heard of late"]


async def test_a_signal_is_followed_at_the_next_turn_whatever_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTSTP, signal.SIGCONT)}
    app, followed = App[int](), list[str]()
    driver = TerminalDriver(app)
    monkeypatch.setattr(app, "post_message", lambda told: followed.append(type(told).__name__))
    monkeypatch.setattr(driver, "send_message", None)  # it is the keyboard's

    def stop(driver: TerminalDriver) -> None:
        followed.append("stopped")
        driver._must_signal_resume = True

    monkeypatch.setattr(LinuxDriver, "_sigtstp_application", stop)
    try:
        for name in (signal.SIGCONT, signal.SIGTSTP, signal.SIGTSTP):
            signal.raise_signal(name)
        assert followed == []
        await asyncio.sleep(0)
        assert followed == ["SignalResume", "stopped"]
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)
