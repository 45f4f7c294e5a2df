"""Faults that a home must survive, brought about with real processes, and counts of how it did: `make reliability`."""
