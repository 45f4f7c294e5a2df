"""The formats of lists, one module each. To add a format, add a module with the names of `readers.Reader`."""
