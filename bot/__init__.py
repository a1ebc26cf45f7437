"""What the bot remembers and whom it tells. Knows no chat platform, no web framework and no database driver."""
