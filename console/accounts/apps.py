from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "console.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_set
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

        from console.accounts import signals

        user_logged_in.connect(signals.signed_in)
        user_logged_out.connect(signals.signed_out)
        user_login_failed.connect(signals.sign_in_failed)
        password_changed.connect(signals.password_chosen)
        password_set.connect(signals.password_chosen)
