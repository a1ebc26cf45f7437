"""The step of the schema from 0001_heart to 0002_words_of_a_week: a digest is counted, and its oldest words are read, from indexes.

There is no way back: restore the backup that was made before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_words_of_a_week"
down_revision = "0001_heart"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to 0002_words_of_a_week."""
    with op.batch_alter_table("signals", schema=None) as batch_op:
        batch_op.drop_index("ix_signals_week")
        batch_op.create_index("ix_signals_week", ["week", "department", "topic_id", "kind", "answered", "ground"], unique=False)
        batch_op.create_index(
            "ix_signals_words",
            ["week", "kind", "at", "id", "department", "answered"],
            unique=False,
            sqlite_where=sa.text("text != ''"),
            postgresql_where=sa.text("text != ''"),
        )
    if op.get_bind().dialect.name == "postgresql":
        # Rows that no vacuum has seen are looked up one by one although the index holds all that is counted.
        op.execute(
            "ALTER TABLE signals SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000)"
        )
