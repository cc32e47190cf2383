"""The loss chart: specification, layout, layers, cells."""
