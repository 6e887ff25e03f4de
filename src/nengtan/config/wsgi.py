"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from nengtan.config import conf, lifeline
from nengtan.config.warm import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nengtan.config.settings")
conf.load().make_dir()  # before the settings: all processes must sign with one key
lifeline.follow()
application = get_wsgi_application()
warm()
