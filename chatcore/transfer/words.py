"""What the formats say of a message. Times are UTC: a file knows no reader's clock."""

from datetime import UTC, datetime

from chatcore.types import Message


def who(message: Message) -> str:
    """You, or the model that answered."""
    if message.role == "user":
        return "You"
    return message.model or message.role.capitalize()


def day(milliseconds: int) -> str:
    """3 May 2026"""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment.day} {moment:%B %Y}"
