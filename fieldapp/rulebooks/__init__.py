"""Norm sheets as data, one TOML file per sheet and version. Read by `services.rulebooks`; meant by `domain.scoring`."""
