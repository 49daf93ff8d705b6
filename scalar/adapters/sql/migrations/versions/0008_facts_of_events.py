"""The facts of events, and who set each value of a policy."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("facts", sa.Text()))
    op.add_column("policies", sa.Column("set_by", sa.Text()))


def downgrade() -> None:
    op.drop_column("policies", "set_by")
    op.drop_column("events", "facts")
