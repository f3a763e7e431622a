"""`data trust`, `data update`, `data show`, `data accept`: reference data, verified and put in force with open eyes.

Rules: nobody's signature counts before a root was put in place by a person who compared its digest; an update shows
what it would change and puts nothing in force without `--accept`, or without a yes at the keyboard; what is refused
leaves the last good set as it was, and says so.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from hardware.trusted_clock import instant_for_dates
from sync.reference import GoodSet, Reference
from sync.reference.demo import demo_root, is_demo
from sync.reference.refusals import DataRootInvalid, DataSourceMissing
from terminal.bootstrap import data_source
from terminal.cli.catalogues import agreed, comparison_json, comparison_lines, interactive
from terminal.cli.output import Answer
from terminal.cli.session import desk_of
from terminal.i18n import age_text, date_text, error_text, text
from terminal.workflow import reference as workflow
from terminal.workflow.desk import Desk
from terminal.workflow.reference import Offer


def trust(arguments: argparse.Namespace) -> Answer:
    """Say whose signatures count: show a root and put it in place when that is said."""
    from sync.reference.updating import examine_root

    root = demo_root() if arguments.demo else _read(arguments)
    with desk_of(arguments) as desk:
        facts = examine_root(root, instant_for_dates(desk.clock))
        shown = {"signers": facts.signers, "needed": facts.needed, "expires": date_text(facts.expires.date())}
        lines = [
            text("cli.data.root", **shown),
            text("cli.data.digest", digest=_grouped(facts.sha256)),
            *([text("cli.data.demo")] if is_demo(root) else []),
        ]
        accepted = arguments.accept or agreed(lines, as_json=arguments.json)
        if accepted:
            Reference(desk.home.path).put_root(root, arguments.source)
    data = {"accepted": accepted, "sha256": facts.sha256, "signers": facts.signers, "needed": facts.needed}
    said = lines if arguments.accept or not interactive(as_json=arguments.json) else []
    return Answer(data, [*said, text("cli.data.trusted" if accepted else "cli.data.not_trusted")])


def update(arguments: argparse.Namespace) -> Answer:
    """Take the newest set, show what it changes, and put it in force when that is said."""
    with desk_of(arguments) as desk:
        named = arguments.source or Reference(desk.home.path).source()
        if named is None:
            raise DataSourceMissing("nothing to take data from was named")
        good = workflow.take(desk, data_source(desk, named))
        return _decided(desk, good, arguments, accept=arguments.accept)


def accept(arguments: argparse.Namespace) -> Answer:
    """Put what the last good set would change in force; no line is needed for that."""
    with desk_of(arguments) as desk:
        return _decided(desk, _good(desk), arguments, accept=True)


def show(arguments: argparse.Namespace) -> Answer:
    """How old the data are, from where, until when they were vouched for, and what is not in force."""
    with desk_of(arguments) as desk:
        reference, good = Reference(desk.home.path), _good(desk)
        age = workflow.data_age(desk)
        demo = is_demo(reference.root())
        lines = [*_age_lines(desk, good), *_file_lines(reference, good)]
    late, waiting = (age.late, age.waiting) if age else (True, False)
    if late:
        lines.append(text("cli.data.late"))
    if waiting:
        lines.append(text("cli.data.waiting"))
    if demo:
        lines.append(text("cli.data.demo"))
    data = {**_facts(good), "files": sorted(good.files), "late": late, "waiting": waiting, "demo": demo}
    return Answer(data, lines)


def _decided(desk: Desk, good: GoodSet, arguments: argparse.Namespace, *, accept: bool) -> Answer:
    offer = workflow.offer_of(desk, good)
    lines = [*_age_lines(desk, good), *offer_lines(desk, offer)]
    accepted = accept or (not offer.empty and agreed(lines, as_json=arguments.json))
    if accepted or offer.empty:
        workflow.put_in_force(desk, offer)
    data = {**_facts(good), "accepted": accepted and not offer.empty, "offer": _offer_json(offer, accepted=accepted)}
    decided = "accepted" if accepted else "not_accepted"
    verdict = text(f"cli.data.{'nothing_new' if offer.empty else decided}")
    said = lines if accept or offer.empty or not interactive(as_json=arguments.json) else []
    return Answer(data, [*said, verdict])


def _good(desk: Desk) -> GoodSet:
    reference = Reference(desk.home.path)
    reference.root()
    good = reference.current()
    if good is None:
        raise DataSourceMissing("nothing was taken yet")
    return good


def _read(arguments: argparse.Namespace) -> bytes:
    try:
        content: bytes = arguments.file.read_bytes()
    except OSError as error:
        raise DataRootInvalid("cannot be read", reason="unreadable") from error
    return content


def _facts(good: GoodSet) -> dict[str, Any]:
    return {
        "source": good.source,
        "checked_at": good.checked_at.isoformat(timespec="seconds"),
        "taken_at": good.taken_at.isoformat(timespec="seconds"),
        "expires": good.expires.isoformat(timespec="seconds"),
        "versions": good.versions,
    }


def _age_lines(desk: Desk, good: GoodSet) -> Iterator[str]:
    now = instant_for_dates(desk.clock)
    yield text("cli.data.age", age=age_text(now - good.checked_at), source=good.source)
    yield text("cli.data.expires", day=date_text(good.expires.date()))


def _file_lines(reference: Reference, good: GoodSet) -> Iterator[str]:
    accepted = reference.accepted()
    for name, kept in sorted(good.files.items()):
        state = "in_force" if accepted.get(name) == kept.sha256 else "not_in_force"
        yield text("cli.data.file", name=name, state=text(f"cli.data.{state}"))


def offer_lines(desk: Desk, offer: Offer) -> Iterator[str]:
    """What would change, in French."""
    if offer.comparison is not None:
        yield text("cli.data.nomenclature")
        yield from comparison_lines(offer.comparison)
    for insurer in offer.insurers:
        fields = ", ".join(text(f"cli.data.field_{name}") for name in insurer.fields)
        yield text(f"cli.data.insurer_{insurer.verdict}", amc=insurer.amc, fields=fields)
    for profile in offer.profiles:
        if profile.error is not None:
            yield text("cli.data.profile_refused", amc=profile.amc, why=error_text(profile.error)[0])
        elif profile.effective is not None:
            due = "due" if profile.is_due(desk.today()) else "later"
            facts = {"amc": profile.amc, "version": profile.version, "day": date_text(profile.effective)}
            yield text(f"cli.data.profile_{due}", **facts)


def _offer_json(offer: Offer, *, accepted: bool) -> dict[str, Any]:
    catalogue = None
    if offer.proposal is not None and offer.comparison is not None:
        catalogue = comparison_json(offer.comparison, offer.proposal, accepted=accepted)
    return {
        "catalogue": catalogue,
        "insurers": [{"amc": one.amc, "fields": list(one.fields), "verdict": one.verdict} for one in offer.insurers],
        "profiles": [
            {
                "amc": one.amc,
                "before": one.before,
                "version": one.version,
                "effective": one.effective.isoformat() if one.effective else None,
                "error": one.error,
            }
            for one in offer.profiles
        ],
    }


def _grouped(digest: str) -> str:
    """A digest in groups of eight, to be compared with a letter."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
