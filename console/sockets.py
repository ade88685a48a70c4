"""Every WebSocket of the console."""

from django.urls import path

from console.functions.consumers import FunctionConsumer

sockets = [
    path("ws/<str:account_id>/functions/<str:name>/", FunctionConsumer.as_asgi()),
]
