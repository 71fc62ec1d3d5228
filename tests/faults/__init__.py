"""Faults on purpose: the real server is killed, robbed of its disk, its lock, its database, its line and its time while
phones send, and afterwards the whole history is judged. `make test` runs a little of each, `make faults` all of it."""
