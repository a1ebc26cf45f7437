"""Tests of flows/: what a moderator is asked, and what follows."""
