"""The dispatcher's pages: list and day, one visit and its changes, facts to be decided, the import."""
