"""The results of the race's evaluation requests, so that a resumed job need not run them again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; existing jobs have no results in it, and evaluate their requests again if needed."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "heats",
        sa.Column("job_key", key, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name=op.f("fk_heats_job_key_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_key", "number", name=op.f("pk_heats")),
    )


def downgrade() -> None:
    """Drop the table; its results can be computed again."""
    op.drop_table("heats")
