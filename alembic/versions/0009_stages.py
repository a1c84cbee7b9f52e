"""The stage that a job is at, in words."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A job that is under way has none until its next batch ends."""
    op.add_column("jobs", sa.Column("stage", sa.String(40)))


def downgrade() -> None:
    """Drops it."""
    # Not in a batch, which on SQLite makes the table anew: dropping the old one deletes what points to it.
    op.drop_column("jobs", "stage")
