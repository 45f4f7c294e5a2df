"""Time and memory of makemore, compared with a baseline that is measured in the same run."""
