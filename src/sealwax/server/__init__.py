"""The server: keeps the sealed objects and signed commits of many accounts, and can read none."""
