"""The rules of the product, pure: frozen values and functions. No I/O, clock, randomness, framework or prose."""
