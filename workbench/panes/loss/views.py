"""Registry of the views of the Loss pane."""

from workbench.panes.loss.render import LossFrame, loss_rows
from workbench.panes.pane_view import PaneView

LOSS_VIEWS: tuple[PaneView[LossFrame], ...] = (PaneView("loss chart", loss_rows),)
