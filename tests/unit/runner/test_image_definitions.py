"""An image is named by what it is made of."""

from dataclasses import replace

from runner.runtimes.images import IMAGES


def test_a_changed_definition_or_base_is_another_image() -> None:
    python = IMAGES["python"]
    tags = {
        python.tag(),
        python.tag("debian:bookworm"),
        replace(python, packages=(*python.packages, "git")).tag(),
        IMAGES["node"].tag(),
    }
    assert len(tags) == 4
    assert python.tag() == IMAGES["python"].tag()


def test_every_image_asks_its_interpreter_for_its_version() -> None:
    for image in IMAGES.values():
        assert image.probe[0] == image.path
