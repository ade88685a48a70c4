"""The runtimes that a function may have here, from the runner, and what each starts with."""

from console.errors import Invalid
from runner import services as runner
from runner.runtimes import table
from runner.spec import RuntimeInfo

DEFAULT_HANDLERS = {"python": "lambda_function.lambda_handler", "node": "index.handler"}


def known() -> list[RuntimeInfo]:
    """Every runtime name, newest first by language, with what serves it here."""
    return runner.runtimes()


def info(name: str) -> RuntimeInfo:
    """One runtime. Refuses with Invalid a name that is none."""
    for runtime in known():
        if runtime.name == name:
            return runtime
    raise Invalid(f"There is no runtime {name!r}: choose one of the list.", field="runtime")


def language_of(name: str) -> str:
    """The language of a runtime's name: "python3.12" gives "python", an unknown name itself."""
    known = table.RUNTIMES.get(name)
    return known.language if known else name


def default() -> str:
    """The runtime to offer first: the newest whose own interpreter is here, else the newest."""
    every = known()
    served = [one for one in every if one.interpreter and not one.deprecated]
    own = [one for one in served if one.interpreter.startswith(one.label.removesuffix(".x"))]
    return next(iter(own or served or every)).name
