"""fieldapp: home visits of telecom technicians, from the promise to the score. Holds the version only."""

__version__ = "0.1.0"
