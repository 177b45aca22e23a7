"""What Django's `check` should also look at."""
