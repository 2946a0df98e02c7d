"""Owns what people configure: reads `config/*.toml` and the environment, checks all, gives one value."""

from syndicator.settings.environment import config_folder, read_environment
from syndicator.settings.load import load, load_for_trial
from syndicator.settings.settings import Settings

__all__ = ["Settings", "config_folder", "load", "load_for_trial", "read_environment"]
