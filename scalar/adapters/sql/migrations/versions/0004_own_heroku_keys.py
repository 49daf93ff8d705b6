"""An app's own Heroku API key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("apps", sa.Column("heroku_key", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("apps", "heroku_key")
