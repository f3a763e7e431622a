"""The part of the self-check that concerns what is plugged in: professional card, scanner, printer, clock.

Rules: nothing is printed, no PIN is tried, nothing is listened to; a device that is not set up is no fault. Libraries
of devices are loaded only for those that are set up.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hardware import Clock, Doubt, TokenModuleMissing, TrustedClock
from terminal.cli.finding import Finding, attempt, broken
from terminal.config import Config
from terminal.i18n import text


def professional_card() -> Finding:
    """Whether a PKCS#11 module is installed, and how many PIN attempts the card in it leaves."""
    from hardware.cps import find_module

    path = find_module()
    if path is None:
        return broken("professional_card", TokenModuleMissing(reason="absent"), "warn")
    return attempt("professional_card", partial(_tokens, path), "warn")


def _tokens(path: Path) -> str:
    from hardware.cryptoki import Module

    tokens = Module(path).tokens()
    told = [text("cli.token", label=token.label, attempts=text(f"cli.attempts_{token.attempts}")) for token in tokens]
    return ", ".join([path.name, *(told or [text("cli.no_token")])])


def equipment(config: Config) -> Iterator[Finding]:
    """Scanner and printer, as the settings name them."""
    yield attempt("scanner", lambda: _scanner(config.scanner), "warn")
    yield attempt("printer", lambda: _printer(config), "warn")


def _scanner(named: str) -> str:
    from hardware.scanner import ScannerAddress

    if not named:
        return text("cli.not_set")
    ScannerAddress.parse(named).check()
    return named


def _printer(config: Config) -> str:
    if not config.printer:
        return text("cli.not_set")
    from hardware.printer import ACCENTS, PrinterAddress, reach, unprintable

    lacking = unprintable(ACCENTS, config.printer_profile)
    reach(PrinterAddress.parse(config.printer))
    if lacking:
        return text("cli.printer_lacks", profile=config.printer_profile, signs=" ".join(sorted(lacking)))
    return text("cli.printer_fits", profile=config.printer_profile)


def clock_line(clock: Clock) -> Finding:
    """The time, and why it is doubted."""
    now = clock.now().isoformat(timespec="seconds")
    doubt = clock.doubt if isinstance(clock, TrustedClock) else None if clock.trusted else Doubt.BEFORE_RELEASE
    if doubt is None:
        return Finding("clock", "pass", now)
    return Finding(
        "clock", "warn", text("cli.clock_doubted", now=now, why=text(f"cli.doubt_{doubt}")), text("cli.set_clock")
    )
