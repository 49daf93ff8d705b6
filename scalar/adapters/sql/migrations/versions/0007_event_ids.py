"""The ids of events, so that each stands in the journal once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("event_id", sa.String(64)))
    op.create_index("ix_events_event_id", "events", ["event_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_events_event_id", "events")
    op.drop_column("events", "event_id")
