"""Settings of a run: their types, bounds, help texts and dotted keys."""
