"""The second row: one finding or one thing to do next, with its key."""

from collections.abc import Sequence

from workbench.coach import advise
from workbench.render.text import fit
from workbench.situation import Situation
from workbench.widgets.rows import Row, Rows


class CoachLine(Rows):
    """Reserved for one sentence, so that the panes never move."""

    situation: Situation | None = None

    def show(self, situation: Situation) -> None:
        """Show what there is to say in this situation."""
        self.situation = situation
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        if self.situation is None:
            return []
        line = advise(self.situation)
        words = fit(line.words, max(0, width - 4)).rstrip()
        role = line.role if line.role in ("error", "warning") else "plain"
        return [[(f" {line.sign} ", line.role), (words, role)]]
