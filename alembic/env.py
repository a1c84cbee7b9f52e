"""The environment of Alembic: runs the migrations on the connection that `app.db.migrate` opened."""

from alembic import context

from app.db.database import Database
from app.db.tables import Base
from app.settings import Settings


def run(connection):
    """Run all migrations in one transaction, so that a failed one changes nothing."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if (connection := context.config.attributes.get("connection")) is not None:
    run(connection)
else:  # the `alembic` command of a developer
    with Database(Settings().database).engine.begin() as opened:
        run(opened)
