"""The conversation in a terminal: cards as lines with numbers in front, what is typed or pasted as events."""
