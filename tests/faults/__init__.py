"""Fault injection with real processes. `make reliability` injects each fault and counts how often a home survives."""
