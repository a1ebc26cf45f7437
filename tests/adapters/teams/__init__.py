"""Tests of the Teams adapter, against a stub at the wire."""
