"""The tests: one folder a package, and interop/ with real servers and clients."""
