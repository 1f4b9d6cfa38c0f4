"""Events to send and sent, answers already given, rows already imported."""

from migrating import messages

revision = "messages"
down_revision = None
upgrade = messages.upgrade
downgrade = messages.downgrade
