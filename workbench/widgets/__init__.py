"""What panes and screens are made of: rows, lists, fields, and the lines around the panes."""
