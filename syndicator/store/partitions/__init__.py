"""Work over several partitions: which answer, and how room is divided among them."""
