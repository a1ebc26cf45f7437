"""The steps of the schema, for Alembic: env.py is its entry, script.py.mako its form, versions/ the steps."""
