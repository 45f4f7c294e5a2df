"""What makemore costs in time and memory, beside the plain way of doing the same, measured in one run."""
