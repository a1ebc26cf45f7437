"""Teams: activities in, Adaptive Cards out. `app` is what comes in, `client` what goes out; the rest translates between the two."""
