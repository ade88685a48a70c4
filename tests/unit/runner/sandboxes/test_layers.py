from pathlib import Path

from runner.sandboxes.layers import merged


def lay(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return folder


def test_one_layer_is_used_as_it_is(tmp_path: Path) -> None:
    one = lay(tmp_path / "one", a="1")
    assert merged((one,), tmp_path / "merged") == one


def test_the_later_layer_wins_and_both_stay_as_they_were(tmp_path: Path) -> None:
    one = lay(tmp_path / "one", python__a="1", both="first", clash__x="folder")
    two = lay(tmp_path / "two", python__b="2", both="second", clash="file")
    place = merged((one, two), tmp_path / "merged")
    assert (place / "python" / "a").read_text() == "1"
    assert (place / "python" / "b").read_text() == "2"
    assert (place / "both").read_text() == "second"
    assert (place / "clash").read_text() == "file"
    assert (one / "both").read_text() == "first"
    assert merged((one, two), tmp_path / "merged") == place
    assert [entry.name for entry in (tmp_path / "merged").iterdir()] == [place.name]


def test_the_order_of_layers_counts(tmp_path: Path) -> None:
    one, two = lay(tmp_path / "one", a="1"), lay(tmp_path / "two", a="2")
    assert (merged((two, one), tmp_path / "merged") / "a").read_text() == "1"
