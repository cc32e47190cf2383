"""A run is a directory; a worker process writes it; screens read it."""
