"""URL converters of accounts."""


class AccountIdConverter:
    """A 12-digit account id in an address."""

    regex = "[0-9]{12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
