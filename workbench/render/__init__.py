"""Numbers to terminal cells: pure functions that need no running app to be tested."""
