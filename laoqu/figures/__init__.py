"""Frame in, figure out: one look for the collection (see `laoqu.figures.style`)."""
