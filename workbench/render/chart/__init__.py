"""Loss chart: specification, layout, plot and rendering."""
