from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "runner"
    label = "runner"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from runner import checks  # noqa: F401  (importing registers them)
