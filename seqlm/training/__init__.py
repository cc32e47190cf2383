"""From a configuration and data to weights, told as events."""
