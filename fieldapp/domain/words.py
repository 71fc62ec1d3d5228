"""What people write, as it is kept. Owns what is taken off it, and how what is missing or too long is refused."""

from fieldapp.domain.errors import Invalid


def cleaned(text: str) -> str:
    """The text without spaces around it and without what no database takes; every line break is one sign."""
    return text.replace("\r\n", "\n").replace("\x00", "").strip()


def checked(text: str, field: str, most: int) -> str:
    """The text, cleaned; nothing at all is fine. Raises `Invalid` text_too_long naming the field."""
    words = cleaned(text)
    if len(words) > most:
        raise Invalid("text_too_long", field=field, limit=most)
    return words


def needed(text: str, field: str, most: int) -> str:
    """The same where something has to be said. Raises `Invalid` text_missing, too."""
    words = checked(text, field, most)
    if not words:
        raise Invalid("text_missing", field=field)
    return words
