"""A visit as a history of events: the closed set, its wire form, the state machine, signatures, device time."""
