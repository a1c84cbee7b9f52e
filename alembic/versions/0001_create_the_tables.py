"""Create the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not imported from the application: a migration must never change.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON()
TIME = sa.DateTime(timezone=True)
NOT_ENQUEUED = sa.text("enqueued_run < run AND state IN ('queued', 'running')")


def job_key(table: str) -> list[sa.schema.SchemaItem]:
    """Return the column that refers to a job, and its foreign key."""
    return [
        sa.Column("job_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name=op.f(f"fk_{table}_job_key_jobs"), ondelete="CASCADE"
        ),
    ]


def upgrade() -> None:
    """Create the tables of jobs, of their trials, results and events, and of workers."""
    op.create_table(
        "jobs",
        sa.Column("key", KEY, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("error", JSON),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("enqueued_run", sa.Integer(), nullable=False),
        sa.Column("trials_total", sa.Integer(), nullable=False),
        sa.Column("trials_completed", sa.Integer(), nullable=False),
        sa.Column("trials_pruned", sa.Integer(), nullable=False),
        sa.Column("trials_diverged", sa.Integer(), nullable=False),
        sa.Column("trials_failed", sa.Integer(), nullable=False),
        sa.Column("trials_running", sa.Integer(), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=False),
        sa.Column("eta_s", sa.Double()),
        sa.Column("running_s", sa.Double(), nullable=False),
        sa.Column("running_since", TIME),
        sa.Column("best_number", sa.Integer()),
        sa.Column("best_value", sa.Double()),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
    )
    op.create_index("ix_jobs_state_key", "jobs", ["state", "key"])
    op.create_index("ix_jobs_name_key", "jobs", ["name", "key"])
    op.create_index(
        "ix_jobs_outbox", "jobs", ["key"], sqlite_where=NOT_ENQUEUED, postgresql_where=NOT_ENQUEUED
    )
    op.create_table(
        "trials",
        *job_key("trials"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("optimizer", JSON, nullable=False),
        sa.Column("schedule", JSON, nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("batch_size", JSON),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("steps_done", sa.Integer(), nullable=False),
        sa.Column("metrics", JSON),
        sa.Column("rungs", JSON),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        sa.PrimaryKeyConstraint("job_key", "number", name=op.f("pk_trials")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trials_job_key_state_value_number", "trials", ["job_key", "state", "value", "number"])
    op.create_index("ix_trials_job_key_value_number", "trials", ["job_key", "value", "number"])
    op.create_table(
        "trajectories",
        *job_key("trajectories"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_key", "number", name=op.f("pk_trajectories")),
    )
    op.create_table(
        "recommendations",
        *job_key("recommendations"),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("job_key", name=op.f("pk_recommendations")),
    )
    op.create_table(
        "events",
        *job_key("events"),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("data", JSON),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("job_key", "id", name=op.f("pk_events")),
    )
    op.create_index("uq_events_job_key_kind_name", "events", ["job_key", "kind", "name"], unique=True)
    op.create_table(
        "workers",
        sa.Column("id", sa.String(120), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    """Drop every table."""
    for table in ("workers", "events", "recommendations", "trajectories", "trials", "jobs"):
        op.drop_table(table)
