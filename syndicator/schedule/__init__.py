"""When work happens: runners that take what is due, and the ticks that wake them."""
