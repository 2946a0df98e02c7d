"""From recorded signals to scores, rankings and lists."""
