"""Range tests: jobs whose one trial increases the learning rate through a range."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; existing jobs are no range tests."""
    op.create_table(
        "range_tests",
        sa.Column("job_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.ForeignKeyConstraint(["job_key"], ["jobs.key"], "fk_range_tests_job_key_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_key", name="pk_range_tests"),
    )


def downgrade() -> None:
    """Drop the table; range tests remain as jobs of one trial."""
    op.drop_table("range_tests")
