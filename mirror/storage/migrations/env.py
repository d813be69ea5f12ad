"""What Alembic runs for every upgrade: inside the transaction of whoever asked for it."""

from __future__ import annotations

from alembic import context

# Tables are copied where SQLite can not alter them in place.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
