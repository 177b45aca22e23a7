"""Tracker's own version. docs/CHANGELOG.md says what each one brought."""

VERSION = "0.1.0"
