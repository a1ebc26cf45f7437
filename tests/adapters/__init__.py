"""What talks to the outside, each against the real thing or at the wire."""
