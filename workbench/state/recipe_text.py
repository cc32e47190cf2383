"""The one line that gives a run again, with what was changed by hand while it went."""

from functools import lru_cache

from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import SeqlmError
from seqlm.runspec import recipe
from workbench.render.sanitize import clean
from workbench.run.state import Changed, RunState
from workbench.state.app_state import Situation


def run_line(situation: Situation) -> str:
    """``PRESET KEY=VALUE... KEY=VALUE@STEP...`` of what is on the screen, harmless to show and copy."""
    run = situation.run
    return _line(situation.config, tuple(map(_said, run.changes))) or run.recipe


def what_it_is(run: RunState) -> str:
    """What :func:`run_line` gives, in words: of very many changes it holds the latest alone."""
    n_missing = run.n_changes - len(run.changes)
    if not n_missing:
        return "the line of this run"
    return f"the line without its first {n_missing:,} changes (seqlm show {run.run} has all)"


def _said(changed: Changed) -> Change:
    return Change(key=changed.key, value=changed.new, step=changed.step)


@lru_cache(maxsize=2)
def _line(config: RunConfig, changes: tuple[Change, ...]) -> str:
    """Empty where a log of another version names what this one does not know."""
    try:
        return clean(recipe.as_run(config, changes))
    except SeqlmError:
        return ""
