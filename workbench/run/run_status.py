"""How a run stands, read from the end of its log: a list of many runs waits for no long one."""

import os

from msgspec import Struct
from msgspec.structs import replace

from seqlm.errors import SeqlmError
from seqlm.protocol.codec import decode, decoder
from seqlm.protocol.events import Ended, Evaluated, Event, Paused, StepsDone
from seqlm.runs.directory import RunDirectory
from workbench.render.number_format import format_count, format_loss

_TAIL_BYTES = 1 << 16
_READER = decoder(Event)


class RunStatus(Struct, frozen=True):
    """What the last events of a run tell.

    Attributes:
        status: ``finished`` and the like; empty where the log just ends.
        step: The last step that is told of.
        val: The last validation loss.
    """

    status: str = ""
    step: int | None = None
    val: float | None = None


def run_status_text(run: RunDirectory, is_live: bool) -> str:
    """``finished, 200,000 steps, val 2.337``; what the end of the log does not tell is left out."""
    found = _standing(run)
    status = found.status or "died"
    if is_live:
        status = "paused now" if found.status == "paused" else "training now"
    steps = (
        ""
        if found.step is None
        else f"{format_count(found.step)} step{'' if found.step == 1 else 's'}"
    )
    val = "" if found.val is None else f"val {format_loss(found.val, 3)}"
    return ", ".join(filter(None, (status, steps, val)))


def _standing(run: RunDirectory) -> RunStatus:
    """From the last event backwards, until all is known."""
    found = RunStatus()
    for line in reversed(_last_lines(run)):
        try:
            found = _with(found, decode(line, _READER))
        except SeqlmError:
            break
        if found.val is not None and found.step is not None:
            break
    return found


def _with(found: RunStatus, event: Event) -> RunStatus:
    step = event.last_step if isinstance(event, StepsDone) else getattr(event, "step", None)
    if found.step is None:  # the latest event of a step says how the run stands
        status = "paused" if isinstance(event, Paused) else ""
        status = event.status if isinstance(event, Ended) else status
        found = replace(found, status=status, step=step)
    if found.val is None and isinstance(event, Evaluated) and event.split == "val":
        found = replace(found, val=event.loss)
    return found


def _last_lines(run: RunDirectory) -> list[bytes]:
    """The whole lines at the end of the log."""
    try:
        with run.events_path.open("rb") as log:
            begin = max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES)
            log.seek(begin)
            lines = log.read().split(b"\n")
    except OSError:
        return []
    return [line for line in lines[bool(begin) : -1] if line]
