"""Tests of bot/: what the bot remembers and whom it tells."""
