"""The decision tree: what a moderator is asked, and what follows. Pure: no clock, no I/O beyond reading a tree's files, no chance."""
