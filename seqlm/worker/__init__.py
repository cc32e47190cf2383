"""Worker process: server, transport, client, query handlers."""
