"""Score pages: a technician's month, a team's month, what is behind each number, and the norm in all its versions."""
