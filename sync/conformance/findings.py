"""How a question of the kit ends when it does not end well."""


class Broken(Exception):
    """The implementation did something else than the contract says."""


class Skipped(Exception):
    """The rule cannot be asked here, and why."""
