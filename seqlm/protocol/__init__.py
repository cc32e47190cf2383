"""Messages between a worker and its clients: events, commands and queries."""
