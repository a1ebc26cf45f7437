"""One file a step, named after its revision; each names the one before it."""
