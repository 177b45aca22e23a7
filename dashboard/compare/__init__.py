"""Candidates set against each other: what differs, in values and in files."""
