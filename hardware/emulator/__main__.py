"""Put a card in the virtual reader: `python -m hardware.emulator --profile NAME [--slot SLOT] [--fault NAME[:VALUE]]`.

Rules: the card stays until the program is interrupted or terminated, or until the card leaves by its own fault. Exit
status 0; 2 for a bad profile or fault; 3 when no virtual reader listens or its slot is taken.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from hardware.emulator.faults import FAULTS, FaultKind
from hardware.emulator.profiles import load_profile, profile_names
from hardware.emulator.vpcd import SLOTS, VirtualReader
from hardware.errors import CardProfileInvalid, HardwareError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    wanted = _parser().parse_args(arguments)
    if wanted.list:
        sys.stdout.write(_listing())
        return 0
    reader = VirtualReader(wanted.slot, wanted.host)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        reader.insert(wanted.profile, fault=wanted.fault)
        sys.stdout.write(f"card {wanted.profile} is in {reader.reader}; Ctrl-C takes it out\n")
        sys.stdout.flush()
        reader.join()
    except KeyboardInterrupt:
        pass
    except HardwareError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2 if isinstance(error, CardProfileInvalid) else 3
    finally:
        reader.remove()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hardware.emulator", description="Put a card in the virtual reader."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--profile", help="a name from --list, or the path of a .json file")
    what.add_argument("--list", action="store_true", help="list profiles and faults")
    parser.add_argument("--slot", choices=sorted(SLOTS), default="vitale", help="which slot (default: vitale)")
    parser.add_argument("--fault", metavar="NAME[:VALUE]", help="what goes wrong; see --list")
    parser.add_argument("--host", default="127.0.0.1", help="where pcscd runs (default: this machine)")
    return parser


def _default(kind: FaultKind) -> str:
    return f" (default {kind.default:g})" if "VALUE" in kind.about else ""


def _listing() -> str:
    profiles = [f"  {name:14} {load_profile(name).about}" for name in profile_names()]
    faults = [f"  {name:14} {kind.about}{_default(kind)}" for name, kind in FAULTS.items()]
    return "\n".join(["profiles:", *profiles, "faults:", *faults, ""])


if __name__ == "__main__":
    sys.exit(main())
