"""The searched settings of the objective in each trial, such as dropout and l2."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; existing trials have null."""
    op.add_column("trials", sa.Column("settings", sa.JSON()))


def downgrade() -> None:
    """Drop the column."""
    # Not in a batch, which recreates the table on SQLite: dropping the old table deletes what refers to it.
    op.drop_column("trials", "settings")
