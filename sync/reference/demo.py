"""The root of demonstrations. Its keys are published with the tests: whoever trusts it trusts everybody.

Rules: it counts only where a person puts it in place (`comptoir data trust --demo`), and is called what it is.
"""

from importlib.resources import files


def demo_root() -> bytes:
    """The root metadata."""
    return files("sync.reference").joinpath("demo-root.json").read_bytes()


def is_demo(root: bytes) -> bool:
    """Whether a root is this one."""
    return root == demo_root()
