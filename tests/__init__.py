"""The tests: a folder for each layer, whole journeys, and the house itself."""
