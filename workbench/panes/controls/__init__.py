"""The Controls pane."""
