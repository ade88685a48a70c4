"""The Test socket of a function's page."""

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class FunctionConsumer(AsyncJsonWebsocketConsumer):
    """Starts test runs and relays their stream."""
