"""Loss pane."""
