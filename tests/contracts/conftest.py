from tests.sandboxes import isolating_rig, rig, rigs

__all__ = ["isolating_rig", "rig", "rigs"]
