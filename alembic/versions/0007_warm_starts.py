"""Warm starts: the trials of other jobs that a job learns from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; no job learned from other jobs before."""
    op.create_table(
        "warm_starts",
        sa.Column("job_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name=op.f("fk_warm_starts_job_key_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_key", name=op.f("pk_warm_starts")),
    )


def downgrade() -> None:
    """Drop the table; unfinished jobs no longer learn from other jobs."""
    op.drop_table("warm_starts")
