"""`/c/`: what customers see through a link, without an account. Owns the exchange of a token for a cookie.

The token leaves the address bar at once (ASVS 14.2.1): `/c/<token>` sets a cookie and sends on to `/c/`.
"""

from fieldapp.web.customer import acts, moves, pages
from fieldapp.web.customer.door import blueprint

__all__ = ["acts", "blueprint", "moves", "pages"]
