"""What is known of sources beside their state."""
