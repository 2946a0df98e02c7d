"""The web: feeds for readers, pages for people, probes for machines. Reads through the pipeline alone."""
