"""Replays: trials that are run again, and their results."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WAITS = "state IN ('queued', 'running')"


def upgrade() -> None:
    """Create the table; no trial was replayed before."""
    op.create_table(
        "replays",
        sa.Column("job_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("identical", sa.Boolean()),
        sa.Column("difference", sa.JSON()),
        sa.Column("error", sa.JSON()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name=op.f("fk_replays_job_key_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_key", "number", name=op.f("pk_replays")),
    )
    op.create_index(
        "ix_replays_waiting",
        "replays",
        ["created_at"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )


def downgrade() -> None:
    """Drop the table; the results of replays are lost."""
    op.drop_table("replays")
