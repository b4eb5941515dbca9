"""HTTP: everything that knows Flask, WSGI or a socket."""
