"""What the server answers beside the page: routes, and headers on every response."""
