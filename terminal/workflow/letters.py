"""What a posted letter says, judged as it is typed: the number of the invitation, the activation code.

Rules: pure; a code is judged by its check symbol before anything leaves.
"""

from typing import Final

from sync.contract.activation import CODE_SYMBOLS, ActivationCode, parse_invitation
from sync.errors import ActivationCodeInvalid
from terminal.workflow.office import CodeFault

_WHOLE_CODE: Final = CODE_SYMBOLS + 1


def code_fault(typed: str) -> CodeFault | None:
    """What is wrong with an activation code as far as it is typed; None when it can be one."""
    symbols = "".join(sign for sign in typed if sign not in " -")
    if len(symbols) < _WHOLE_CODE:
        return "short"
    try:
        ActivationCode.parse(typed)
    except ActivationCodeInvalid:
        return "check" if len(symbols) == _WHOLE_CODE else "long"
    return None


def same_code(first: str, second: str) -> bool:
    """Whether two entries are the same code, whatever the groups; ActivationCodeInvalid."""
    return ActivationCode.parse(first) == ActivationCode.parse(second)


def is_invitation(typed: str) -> bool:
    """Whether this can be the number of an invitation."""
    try:
        parse_invitation(typed)
    except ActivationCodeInvalid:
        return False
    return True
