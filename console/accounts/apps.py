from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "console.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_set
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
        from django.db.models.signals import post_delete, post_save

        from console.accounts import models, signals

        user_logged_in.connect(signals.signed_in)
        user_logged_out.connect(signals.signed_out)
        user_login_failed.connect(signals.sign_in_failed)
        password_changed.connect(signals.password_chosen)
        password_set.connect(signals.password_chosen)
        post_save.connect(signals.membership_changed, sender=models.Membership)
        post_delete.connect(signals.membership_changed, sender=models.Membership)
