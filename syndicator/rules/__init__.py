"""Pure judgement: what is known, and the present instant, go in; a verdict comes out. No I/O."""
