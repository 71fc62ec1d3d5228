"""Runs the benchmarks named on the command line, or all of them."""

import importlib
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> None:
    """Import and run; an unknown name ends it with the list of those there are."""
    there = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    runnable = [name for name in there if hasattr(importlib.import_module(f"benchmarks.{name}"), "run")]
    unknown = set(names) - set(runnable)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(runnable)}")
    for name in names or runnable:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"{name}: {(module.__doc__ or '').splitlines()[0]}")
        module.run()


if __name__ == "__main__":
    main(sys.argv[1:])
