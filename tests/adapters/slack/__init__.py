"""Tests of the Slack adapter, against a stub at the wire."""
