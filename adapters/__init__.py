"""What talks to the outside: chat platforms, databases, files, the command line. Never imported below."""
