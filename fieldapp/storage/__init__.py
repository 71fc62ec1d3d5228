"""The only speaker of SQLAlchemy. Functions take a `Session`, return domain values, and never commit."""
