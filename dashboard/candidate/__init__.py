"""One candidate: what its tabs show."""
