"""The Loss pane."""
