"""A project to look around in: what a small vision team might have logged in a fortnight."""
