"""Incidents of tests/test_incidents.py that a store shows, or a server without a browser."""
