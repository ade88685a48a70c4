"""ARNs: the names by which AWS's clients know our things."""

from dataclasses import dataclass

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Arn:
    """arn:partition:service:region:account:resource, taken apart."""

    service: str
    region: str
    account_id: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{PARTITION}:{self.service}:{self.region}:{self.account_id}:{self.resource}"

    @classmethod
    def parse(cls, text: str) -> "Arn":
        """Take an ARN apart. Raises ValueError on anything else."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[5]:
            raise ValueError(f"not an ARN: {text!r}")
        return cls(service=parts[2], region=parts[3], account_id=parts[4], resource=parts[5])


def function_arn(*, region: str, account_id: str, name: str, qualifier: str = "") -> str:
    """The ARN of a function, qualified by version or alias if one is given."""
    resource = f"function:{name}" + (f":{qualifier}" if qualifier else "")
    return str(Arn("lambda", region, account_id, resource))
