"""From weights to text, each probability shown."""
