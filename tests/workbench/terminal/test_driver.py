"""Terminal driver: callbacks after written frames, and signals."""

import asyncio
import io
import signal

import pytest
from textual.app import App

from workbench.terminal.driver import TerminalDriver, _TerminalFile


def test_callbacks_run_once_the_frame_is_written() -> None:
    called: list[str] = []
    file = _TerminalFile(io.TextIOWrapper(io.BytesIO()))
    file.when_written(lambda: called.append("nothing submitted"))
    file.n_submitted += 2
    file.when_written(lambda: called.append("both"))
    file.write("a")
    file.flush()
    file.write("b")
    file.when_written(lambda: called.append("both, added late"))
    assert called == ["nothing submitted"]
    file.flush()
    assert called == ["nothing submitted", "both", "both, added late"]


async def test_a_signal_is_handled_in_the_next_turn_of_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTSTP, signal.SIGCONT)}
    app, handled = App[int](), list[str]()
    driver = TerminalDriver(app)
    monkeypatch.setattr(app, "post_message", lambda message: handled.append(type(message).__name__))
    monkeypatch.setattr(driver, "send_message", None)  # only for keyboard input

    monkeypatch.setattr("workbench.terminal.driver.can_be_continued", lambda: True)
    monkeypatch.setattr(driver, "suspend_application_mode", lambda: handled.append("restored"))
    monkeypatch.setattr("os.killpg", lambda *_: handled.append("stopped"))
    try:
        for name in (signal.SIGCONT, signal.SIGTSTP, signal.SIGTSTP):
            signal.raise_signal(name)
        assert handled == []
        await asyncio.sleep(0)
        assert handled == ["SignalResume", "restored", "stopped"]
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)
