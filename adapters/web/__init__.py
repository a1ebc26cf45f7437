"""The web chat: the local platform in a browser, for the person in the address. Loopback only; no logic of its own."""
