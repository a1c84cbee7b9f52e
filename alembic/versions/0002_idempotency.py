"""Idempotency keys, one a tenant and job; an index for the trials of one state by number."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; existing jobs belong to the default tenant and have no key."""
    op.add_column("jobs", sa.Column("tenant", sa.String(40), nullable=False, server_default="default"))
    op.add_column("jobs", sa.Column("idempotency_key", sa.String(255)))
    op.create_index("uq_jobs_tenant_idempotency_key", "jobs", ["tenant", "idempotency_key"], unique=True)
    op.create_index("ix_trials_job_key_state_number", "trials", ["job_key", "state", "number"])


def downgrade() -> None:
    """Drop columns and indexes; the keys are lost."""
    op.drop_index("ix_trials_job_key_state_number", "trials")
    op.drop_index("uq_jobs_tenant_idempotency_key", "jobs")
    # Not in a batch, which recreates the table on SQLite: dropping the old table deletes what refers to it.
    op.drop_column("jobs", "idempotency_key")
    op.drop_column("jobs", "tenant")
