"""The output of `preview`, and the blocks of configuration that it proposes."""
