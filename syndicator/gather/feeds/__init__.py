"""RSS, Atom and JSON Feed: bytes in, candidates out."""
