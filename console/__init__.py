"""The control plane: what exists and who may change it.

`console` itself is no Django app: each folder below it is one, labelled by
its own name. Nothing here runs a function; that is the runner's.
"""

from console.celery import app as celery_app

__all__ = ["celery_app"]
