"""One family a file, all under one law."""
