"""The results of the heats that a recommendation rests on, so that a killed job need not run them again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs that are there already have none, and run theirs again where they must."""
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
    """Drops them; they can be computed anew."""
    op.drop_table("heats")
