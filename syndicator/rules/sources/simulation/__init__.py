"""What schedules will do: runs, load, and what is special in the time."""
