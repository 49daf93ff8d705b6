"""The platform's id of an app, its former names, and facts about the database."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("apps", sa.Column("platform_id", sa.String(100), nullable=True))
    op.add_column("apps", sa.Column("web_url", sa.Text(), nullable=True))
    op.create_index(
        "ix_apps_platform_platform_id",
        "apps",
        ["platform", "platform_id"],
        unique=True,
    )
    op.create_table(
        "former_names",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("app_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "app_id", name="pk_former_names"),
        sa.ForeignKeyConstraint(
            ["app_id"], ["apps.id"], name="fk_former_names_app_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )


def downgrade() -> None:
    op.drop_table("facts")
    op.drop_table("former_names")
    op.drop_index("ix_apps_platform_platform_id", "apps")
    op.drop_column("apps", "web_url")
    op.drop_column("apps", "platform_id")
