"""The stage of a job, in words."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a running job has null until its next batch ends."""
    op.add_column("jobs", sa.Column("stage", sa.String(40)))


def downgrade() -> None:
    """Drop the column."""
    # Not in a batch, which recreates the table on SQLite: dropping the old table deletes what refers to it.
    op.drop_column("jobs", "stage")
