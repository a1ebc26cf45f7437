"""The step of the schema from 0002_words_of_a_week to 0003_own_words. Never edited once released.

There is no way back: restore the backup that was made before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_own_words"
down_revision = "0002_words_of_a_week"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to 0003_own_words."""
    op.create_table(
        "faq_words",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("dropped", sa.String(length=27), nullable=True),
        sa.Column("dropped_by", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_words")),
    )
