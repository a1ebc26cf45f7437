"""Screenshots for measuring how well they are read."""
