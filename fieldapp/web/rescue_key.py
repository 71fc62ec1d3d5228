"""The installation's key for rescue files, as this process knows it: read when first asked for, from the instance."""

from flask import current_app

from fieldapp.services.rescue_files import RescueKey
from fieldapp.web.context import current_settings

FILE = "rescue-key.pem"
#: The largest rescue file that the page takes (about 130 photos); larger ones are for the command line.
LARGEST = 64 * 1024 * 1024


def current_rescue_key() -> RescueKey:
    """The key; made on first use."""
    found = current_app.extensions.get("rescue_key")
    if found is None:
        found = current_app.extensions["rescue_key"] = RescueKey.open_or_make(current_settings().instance / FILE)
    return found
