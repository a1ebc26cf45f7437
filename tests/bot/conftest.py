"""Fixtures for what bot/ does with a database."""

from tests.servers import database_url, postgres_server, postgres_url, sqlite_url

__all__ = ["database_url", "postgres_server", "postgres_url", "sqlite_url"]
