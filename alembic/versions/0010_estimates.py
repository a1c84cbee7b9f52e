"""The estimated cost of a job."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; jobs of earlier versions have null."""
    op.add_column("jobs", sa.Column("estimate", sa.JSON()))


def downgrade() -> None:
    """Drop the column."""
    # Not in a batch, which recreates the table on SQLite: dropping the old table deletes what refers to it.
    op.drop_column("jobs", "estimate")
