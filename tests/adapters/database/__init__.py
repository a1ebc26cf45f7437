"""The store: its contract on both databases, what is SQLite's or PostgreSQL's own, and the migrations."""
