"""Range tests: jobs whose one trial runs through the learning rates."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None of the jobs that are there is one."""
    op.create_table(
        "range_tests",
        sa.Column("job_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.ForeignKeyConstraint(["job_key"], ["jobs.key"], "fk_range_tests_job_key_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_key", name="pk_range_tests"),
    )


def downgrade() -> None:
    """Their jobs stay, as jobs of one trial."""
    op.drop_table("range_tests")
