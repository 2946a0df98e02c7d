"""What is known of sources between rounds: state, leases, robots.txt, request slots."""
