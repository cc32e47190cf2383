"""Status of a run in one line, read from the end of its log."""

from seqlm.errors import SeqlmError
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import read_last_events, without_superseded
from seqlm.runs.run_reducer import reduce_events
from seqlm.runs.run_state import ENDED, CoreRunState
from seqlm.sanitize import sanitize
from workbench.render.number_format import format_count, format_loss


def run_status_text(run: RunDirectory, is_live: bool) -> str:
    """Return e.g. ``finished, 200,000 steps, val 2.337``.

    Only the end of the log is read, so that a list of many runs is shown fast. What the end of the log
    does not say is left out. Of a damaged run, the text says what is wrong.

    Args:
        run: Any run.
        is_live: Whether a worker holds the run.
    """
    try:
        run.manifest()
        events = without_superseded(read_last_events(run.events_path))
    except SeqlmError as error:
        return f"unreadable: {sanitize(str(error).removeprefix(f'{run.name}: '))}"
    state = reduce_events(CoreRunState(), events)
    if is_live:
        status = "paused now" if state.status == "paused" else "training now"
    else:
        status = state.status if state.status in ENDED else "died"
    has_started = bool(state.step or state.device)
    steps = (
        f"{format_count(state.step)} step{'' if state.step == 1 else 's'}" if has_started else ""
    )
    val = f"val {format_loss(state.last_validation.loss, 3)}" if state.last_validation else ""
    return ", ".join(filter(None, (status, steps, val)))
