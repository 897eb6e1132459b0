"""The only place with sockets, TLS, clocks, processes, signals and logs.  No rule of a protocol stands here."""
