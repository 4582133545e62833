"""What went wrong in programs like this one, and why it does not here. One test an incident.

Those of the API are in tests/api/test_incidents.py, those that need a browser in
tests/browser/test_incidents.py.
"""
