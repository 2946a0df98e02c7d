"""The parts of a service, each made by one function of what it stands on."""
