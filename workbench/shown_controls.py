"""The rows of the Controls pane in a situation."""

from workbench.control_rows import ControlRow, control_rows
from workbench.situation import Situation


def shown_controls(situation: Situation) -> tuple[ControlRow, ...]:
    """Every setting as a row. Sampling is the screen's own: what is asked for is in force at once."""
    sample = situation.asked.sample
    in_force = {f"sample.{name}": getattr(sample, name) for name in sample.__struct_fields__}
    return control_rows(situation.asked, situation.running, in_force | dict(situation.run.values))
