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
    with op.batch_alter_table("trials") as trials:
        trials.drop_column("settings")
