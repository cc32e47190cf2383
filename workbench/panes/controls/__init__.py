"""Controls pane."""
