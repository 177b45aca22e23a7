"""Django's databases, where Tracker asks more of one than Django does."""
