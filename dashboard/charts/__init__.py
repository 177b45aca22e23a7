"""Charts: which there are, what they show, and the figures that draw it."""
