"""Registry of the views of the Controls pane."""

from workbench.panes.controls.render import controls_rows
from workbench.panes.controls.view_model import ControlsViewModel
from workbench.panes.pane_view import PaneView

CONTROLS_VIEWS: tuple[PaneView[ControlsViewModel], ...] = (PaneView("settings", controls_rows),)
