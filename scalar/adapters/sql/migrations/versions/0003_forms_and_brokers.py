"""An app's form, its agent's token, and the queues at its broker."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "apps", sa.Column("form", sa.String(20), nullable=False, server_default="auto")
    )
    op.add_column("apps", sa.Column("token", sa.Text(), nullable=True))
    op.add_column("apps", sa.Column("queues", sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("queues", "token", "form"):
        op.drop_column("apps", name)
