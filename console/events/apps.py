from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "console.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers."""
        from console.events import receivers  # noqa: F401  (models are ready only now)
