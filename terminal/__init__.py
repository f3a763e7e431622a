"""The counter: it imports the libraries `hardware` and `sync`; nobody imports it (see ARCHITECTURE.md)."""
