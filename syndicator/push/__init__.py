"""Signs and sends one delivery, and judges the answer. Whom to send to, and when, is decided elsewhere."""
