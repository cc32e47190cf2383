"""The worker process: server, transport, client, query handlers."""
