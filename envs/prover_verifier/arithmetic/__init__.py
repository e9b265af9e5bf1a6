"""Word problems of several steps, with solutions, errors and variants, all by construction."""
