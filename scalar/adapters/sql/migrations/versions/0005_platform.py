"""The platform that runs an app's dynos."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "apps",
        sa.Column("platform", sa.String(20), server_default="heroku", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("apps", "platform")
