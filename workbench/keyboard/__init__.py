"""Keys by name: what they do now, in words, and where a person has moved them."""
