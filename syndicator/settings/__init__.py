"""Owns what people configure: reads `config/*.toml` and the environment, checks all, gives one value."""

from syndicator.settings.environment import config_folder, read_environment
from syndicator.settings.load import load
from syndicator.settings.settings import Settings

__all__ = ["Settings", "config_folder", "load", "read_environment"]
