"""The terminal below the app: what it can do, what it sends, what it is sent, and how it is left."""
