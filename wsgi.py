"""`gunicorn -c gunicorn.conf.py wsgi:app`."""

from llmsim.app import create_app

app = create_app()
