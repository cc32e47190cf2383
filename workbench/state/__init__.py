"""Application state as plain data: what is shown, pending configuration and its history."""
