"""Many recordings on many processors and machines."""
