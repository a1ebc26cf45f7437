"""Journeys: a whole real bot on a real database, spoken to as its users do."""
