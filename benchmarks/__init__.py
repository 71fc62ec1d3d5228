"""Measurements: `make bench`, or `python -m benchmarks score phone` for some. Each line stands beside its goal and,
where there is one, the machine's own limit in the same run: only ratios mean anything on a shared machine.

A module with `run()` that calls `report.line` is a benchmark; nothing here is a test.
"""
