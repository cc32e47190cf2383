"""What passes between a run and its screens: events, commands, queries."""
