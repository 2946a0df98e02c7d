"""The portal: partners add endpoints, see what became of each event, and open private feeds."""
