"""Controllers between the app and a run: run control, query routing, monitoring, opening."""
