"""`gunicorn -c gunicorn.conf.py wsgi:app`."""

from llmsim.app import create_served_app

app = create_served_app()
