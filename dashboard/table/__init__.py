"""The table of an experiment's candidates: columns, rows, groups, and its files."""
