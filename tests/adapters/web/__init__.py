"""The web chat: its renderer, its wire, its pages in a browser."""
