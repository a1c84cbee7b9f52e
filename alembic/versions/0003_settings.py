"""What a trial has of its objective: dropout, l2 and the like, where a job searches them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Trials that are there already have none."""
    op.add_column("trials", sa.Column("settings", sa.JSON()))


def downgrade() -> None:
    """Drops them."""
    # Not in a batch, which on SQLite makes the table anew: dropping the old one deletes what points to it.
    op.drop_column("trials", "settings")
