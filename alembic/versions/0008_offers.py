"""The shards of wide batches, which any worker may lease."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; a batch that ran when the old release stopped is evaluated again."""
    op.create_table(
        "offers",
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("shard", sa.LargeBinary(), nullable=False),
        sa.Column("results", sa.LargeBinary()),
        sa.Column("lost", sa.Text()),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name=op.f("fk_offers_job_key_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch", "place", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_job_key", "offers", ["job_key"])


def downgrade() -> None:
    """Drop the table; the job's own worker evaluates its shards."""
    op.drop_table("offers")
