"""Use cases: authorise, open one transaction, ask the domain, store, audit. No Flask, no SQL."""
