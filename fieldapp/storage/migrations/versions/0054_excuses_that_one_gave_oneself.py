"""visits: whose lateness counts nothing by their own word is worth a second look"""

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """`db upgrade` judges everything anew after a step: that finds them."""


def downgrade() -> None:
    """What is not known counts nothing."""
