"""The Celery tasks: run one invocation, reap expired leases."""
