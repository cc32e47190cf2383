"""Global key bindings, display labels of keys, and the glossary of the help screen."""
