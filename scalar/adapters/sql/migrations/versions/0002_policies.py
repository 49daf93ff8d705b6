"""Policies of apps and process types."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("app_id", sa.Integer(), nullable=False),
        sa.Column("process_type", sa.String(128), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_id"], ["apps.id"], name="fk_policies_app_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("app_id", "process_type", name="pk_policies"),
    )


def downgrade() -> None:
    op.drop_table("policies")
