"""The grammar of the command line, as data.

Rules: one entry per command; nothing heavy is imported here, so that `--help` and bad usage answer at once.
"""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path

from terminal.domain.roles import Role
from terminal.i18n import text

Add = Callable[[argparse.ArgumentParser], None]
_ROLES = tuple(Role)
DAY = 86_400


def build_parser() -> argparse.ArgumentParser:
    """The parser of `comptoir`; the chosen handler's name is in `handler`, as `module:function`."""
    parser = argparse.ArgumentParser(prog="comptoir", description=text("cli.help.comptoir"), parents=[_common()])
    parser.set_defaults(handler="screens:open_counter", home=None, json=False, reader=None)
    commands = parser.add_subparsers(metavar=text("cli.help.command"))
    for name, (handler, add) in _COMMANDS.items():
        _command(commands, name, handler, add)
    for group, members in _GROUPS.items():
        inner = commands.add_parser(group, help=text(f"cli.help.{group}")).add_subparsers(required=True)
        for name, (handler, add) in members.items():
            _command(inner, name, handler, add, group)
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--home", type=Path, metavar=text("cli.help.dir"), help=text("cli.help.home"))
    common.add_argument("--json", action="store_true", help=text("cli.help.json"))
    return common


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, handler: str, add: Add, group: str = ""
) -> None:
    key = f"{group}_{name}" if group else name
    parser = commands.add_parser(
        name, help=text(f"cli.help.{key}"), description=text(f"cli.help.{key}"), parents=[_common()]
    )
    parser.set_defaults(handler=handler)
    add(parser)


def _nothing(_: argparse.ArgumentParser) -> None:
    """Take no further argument."""


def _positional(*names: str) -> Add:
    def add(parser: argparse.ArgumentParser) -> None:
        for name in names:
            parser.add_argument(name, metavar=name.upper())

    return add


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", metavar="ID", help=text("cli.help.user_id"))
    parser.add_argument("--pin-file", type=Path, metavar=text("cli.help.file"), help=text("cli.help.pin_file"))
    parser.add_argument("--card", action="store_true", help=text("cli.help.card_login"))
    _card_pin(parser)


def _reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reader", metavar=text("cli.help.name"), help=text("cli.help.reader_name"))


def _card(parser: argparse.ArgumentParser) -> None:
    _reader(parser)
    parser.add_argument("--reveal", action="store_true", help=text("cli.help.reveal"))


def _claim_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="quote", type=Path, metavar=text("cli.help.file"), help=text("cli.help.handed"))
    parser.add_argument("--rank", type=_count, metavar="N", help=text("cli.help.rank"))
    parser.add_argument("--insurer", metavar="AMC", help=text("cli.help.handed_insurer"))
    parser.add_argument("--amo-rate", type=int, default=60, metavar="N", help=text("cli.help.amo_rate"))
    _login(parser)
    _reader(parser)


def _claim_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("claim_id", metavar="ID")
    _login(parser)


def _claim_show(parser: argparse.ArgumentParser) -> None:
    _claim_id(parser)
    parser.add_argument("--reprice", action="store_true", help=text("cli.help.reprice"))
    parser.add_argument("--reveal", action="store_true", help=text("cli.help.reveal"))


def _claim_ticket(parser: argparse.ArgumentParser) -> None:
    _claim_id(parser)
    parser.add_argument("--print", dest="printed", action="store_true", help=text("cli.help.print"))


def _verify_ticket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help=text("cli.help.ticket_code"))


def _claim_find(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar=text("cli.help.words"), help=text("cli.help.find_words"))
    parser.add_argument("--limit", type=_count, default=50, metavar="N", help=text("cli.help.find_limit"))
    parser.add_argument("--before", type=int, metavar="N", help=text("cli.help.find_before"))
    _login(parser)


def _claim_correct(parser: argparse.ArgumentParser) -> None:
    _claim_id(parser)
    _reader(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", metavar="ID", help=text("cli.help.verify_user"))
    parser.add_argument("--pin-file", type=Path, metavar=text("cli.help.file"), help=text("cli.help.pin_file"))
    parser.add_argument("--card", action="store_true", help=text("cli.help.card_login"))
    _card_pin(parser)


def _sync(parser: argparse.ArgumentParser) -> None:
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument("--once", action="store_true", help=text("cli.help.once"))
    when.add_argument("--reconcile", action="store_true", help=text("cli.help.reconcile"))


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shop", required=True, metavar="AM", help=text("cli.help.shop"))
    parser.add_argument("--name", required=True, metavar=text("cli.help.name"), help=text("cli.help.shop_name"))
    parser.add_argument("--grace", type=_seconds_of_a_day, default=60, metavar="S", help=text("cli.help.grace"))
    secret = text("cli.help.device_secret")
    parser.add_argument("--device-secret", default="file", metavar=text("cli.help.name"), help=secret)


def _user_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument("name", metavar=text("cli.help.name").upper())
    parser.add_argument("--role", choices=_ROLES, default=_ROLES[0], help=text("cli.help.role"))
    parser.add_argument("--new-pin-file", type=Path, metavar=text("cli.help.file"), help=text("cli.help.new_pin_file"))
    _login(parser)


def _user_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    _login(parser)


def _user_pin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--new-pin-file", type=Path, metavar=text("cli.help.file"), help=text("cli.help.new_pin_file"))
    _user_id(parser)


def _request_answer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request_id", metavar="ID")
    day = text("cli.help.last_equipment")
    parser.add_argument("--last-equipment", type=_day, metavar="AAAA-MM-JJ", help=day)
    parser.add_argument("--early-renewal", action="store_true", help=text("cli.help.early_renewal"))
    parser.add_argument("--invoice", metavar="N", help=text("cli.help.invoice"))
    _login(parser)


def _request_refuse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request_id", metavar="ID")
    reasons = ("ground_insufficient", "not_needed", "not_held", "erased")
    parser.add_argument("--reason", required=True, choices=reasons, help=text("cli.help.refusal_reason"))
    _login(parser)


def _data_erase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--claim", metavar="ID", help=text("cli.help.erase_claim"))
    parser.add_argument("--second", metavar="ID", help=text("cli.help.second"))
    second = text("cli.help.second_pin_file")
    parser.add_argument("--second-pin-file", type=Path, metavar=text("cli.help.file"), help=second)
    _login(parser)


def _data_update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", metavar=text("cli.help.source"), help=text("cli.help.data_source"))
    parser.add_argument("--accept", action="store_true", help=text("cli.help.accept"))


def _data_trust(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("file", nargs="?", type=Path, metavar=text("cli.help.file"), help=text("cli.help.data_root"))
    which.add_argument("--demo", action="store_true", help=text("cli.help.data_demo"))
    parser.add_argument("--from", dest="source", metavar=text("cli.help.source"), help=text("cli.help.data_address"))
    parser.add_argument("--accept", action="store_true", help=text("cli.help.accept"))


def _settlement_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar=text("cli.help.file").upper(), help=text("cli.help.settlement_file"))
    _login(parser)


def _day_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--day", type=_day, metavar="AAAA-MM-JJ", help=text("cli.help.day_day"))
    _login(parser)


def _day_close(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar=text("cli.help.dir"), help=text("cli.help.day_out"))
    parser.add_argument("--names", action="store_true", help=text("cli.help.day_names"))
    parser.add_argument("--second", metavar="ID", help=text("cli.help.second"))
    second = text("cli.help.second_pin_file")
    parser.add_argument("--second-pin-file", type=Path, metavar=text("cli.help.file"), help=second)
    _day_show(parser)


def _evidence_journal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, default=200, metavar="N", help=text("cli.help.journal_limit"))
    parser.add_argument("--claim", metavar="ID", help=text("cli.help.journal_claim"))
    _login(parser)


def _card_pin(parser: argparse.ArgumentParser) -> None:
    card_pin = text("cli.help.card_pin_file")
    parser.add_argument("--card-pin-file", type=Path, metavar=text("cli.help.file"), help=card_pin)
    parser.add_argument("--module", type=Path, metavar=text("cli.help.file"), help=text("cli.help.card_module"))


def _user_unlock(parser: argparse.ArgumentParser) -> None:
    code_file = text("cli.help.recovery_code_file")
    parser.add_argument("--recovery-code-file", type=Path, metavar=text("cli.help.file"), help=code_file)
    _user_pin(parser)


def _key_rotate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", choices=("store", "device"), help=text("cli.help.key_which"))
    parser.add_argument("--provider", metavar=text("cli.help.name"), help=text("cli.help.key_provider"))
    _login(parser)


def _enrol(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar=text("cli.help.file").upper(), help=text("cli.help.directory"))
    parser.add_argument("--invitation", required=True, metavar="N", help=text("cli.help.invitation"))
    parser.add_argument("--code-file", type=Path, metavar=text("cli.help.file"), help=text("cli.help.code_file"))
    _login(parser)


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help=text("cli.help.headless"))
    parser.add_argument("--reader", choices=("emulated", "pcsc"), default="emulated", help=text("cli.help.demo_reader"))
    parser.add_argument("--claims", type=_count, default=1, metavar="N", help=text("cli.help.claims"))
    parser.add_argument("--offline-first", action="store_true", help=text("cli.help.offline_first"))
    parser.add_argument("--hostile", nargs="*", metavar=text("cli.help.name"), help=text("cli.help.demo_hostile"))
    parser.add_argument("--keep", type=Path, metavar=text("cli.help.dir"), help=text("cli.help.keep"))


def _lpp_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar=text("cli.help.file").upper(), help=text("cli.help.tariffs_file"))
    parser.add_argument("--accept", action="store_true", help=text("cli.help.accept"))
    parser.add_argument(
        "--from", dest="effective_from", type=_day, metavar="AAAA-MM-JJ", help=text("cli.help.effective_from")
    )


def _quote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--explain", action="store_true", help=text("cli.help.explain"))


def _second_copy(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("file", nargs="?", type=Path, metavar=text("cli.help.file"), help=text("cli.help.second_file"))
    chosen.add_argument("--none", action="store_true", help=text("cli.help.second_none"))


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(text("cli.help.day_form")) from None


def _seconds_of_a_day(value: str) -> int:
    number = int(value)
    if not 0 <= number <= DAY:
        raise argparse.ArgumentTypeError(text("cli.help.grace_range"))
    return number


def _count(value: str) -> int:
    number = int(value)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError(text("cli.help.count_range"))
    return number


def _backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, metavar=text("cli.help.dir"), help=text("cli.help.backup_to"))
    parser.add_argument("--drill", action="store_true", help=text("cli.help.drill"))
    _recovery_code(parser)


def _backup_folder(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("folder", nargs="?", type=Path, metavar=text("cli.help.dir"), help=text("cli.help.backup_to"))
    chosen.add_argument("--none", action="store_true", help=text("cli.help.backup_none"))
    parser.add_argument("--unplugged", action="store_true", help=text("cli.help.backup_unplugged"))


def _restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar=text("cli.help.file").upper(), help=text("cli.help.backup_file"))
    secret = text("cli.help.device_secret")
    parser.add_argument("--device-secret", default="file", metavar=text("cli.help.name"), help=secret)
    _recovery_code(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", type=_count, metavar="N", help=text("cli.help.doctor_wait"))


def _reset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shop", required=True, metavar="AM", help=text("cli.help.reset_shop"))
    parser.add_argument("--head", action="append", default=[], metavar="AMC=N:H", help=text("cli.help.reset_head"))
    parser.add_argument("--check", action="store_true", help=text("cli.help.reset_check"))
    parser.add_argument("--receipt", type=Path, metavar=text("cli.help.file"), help=text("cli.help.reset_receipt"))
    _login(parser)


def _recovery_code(parser: argparse.ArgumentParser) -> None:
    code_file = text("cli.help.recovery_code_file")
    parser.add_argument("--recovery-code-file", type=Path, metavar=text("cli.help.file"), help=code_file)


_COMMANDS: dict[str, tuple[str, Add]] = {
    "backup": ("backups:make", _backup),
    "backup-folder": ("backups:folder", _backup_folder),
    "demo": ("demo:play", _demo),
    "doctor": ("doctor:examine", _doctor),
    "init": ("administration:create", _init),
    "quote": ("tariffs:quote", _quote),
    "restore": ("backups:bring_back", _restore),
    "queue": ("sending:queue", _nothing),
    "rebuild": ("repairing:rebuild", _nothing),
    "reset": ("resetting:end", _reset),
    "second-copy": ("repairing:second_copy", _second_copy),
    "sync": ("sending:sync_once", _sync),
    "verify": ("sending:verify", _verify),
    "verify-ticket": ("tickets:verify", _verify_ticket),
}
_GROUPS: dict[str, dict[str, tuple[str, Add]]] = {
    "reader": {"list": ("devices:list_readers", _nothing), "watch": ("devices:watch", _nothing)},
    "card": {"read": ("devices:read_card", _card)},
    "lpp": {
        "show": ("tariffs:show", _positional("code")),
        "search": ("tariffs:search", _positional("words")),
        "code": ("tariffs:lens_code", _nothing),
        "import": ("catalogues:import_file", _lpp_import),
        "versions": ("catalogues:versions", _nothing),
        "rollback": ("catalogues:roll_back", _nothing),
    },
    "nir": {"check": ("tariffs:check_nir", _positional("nir"))},
    "claim": {
        "new": ("claims:new", _claim_new),
        "show": ("claims:show", _claim_show),
        "find": ("search:find_claims", _claim_find),
        "ticket": ("tickets:show", _claim_ticket),
        "cancel": ("claims:cancel", _claim_id),
        "release": ("claims:release", _claim_id),
        "correct": ("claims:correct", _claim_correct),
        "deliver": ("claims:deliver", _claim_id),
        "abandon": ("claims:abandon", _claim_id),
        "news": ("claims:news", _login),
    },
    "request": {
        "list": ("requests:list_requests", _login),
        "answer": ("requests:answer", _request_answer),
        "refuse": ("requests:decline", _request_refuse),
    },
    "data": {
        "accept": ("reference:accept", _nothing),
        "erase": ("erasing:erase", _data_erase),
        "show": ("reference:show", _nothing),
        "trust": ("reference:trust", _data_trust),
        "update": ("reference:update", _data_update),
    },
    "day": {"show": ("day:show", _day_show), "close": ("day:close", _day_close)},
    "settlement": {"read": ("settlement:read", _settlement_read)},
    "evidence": {
        "journal": ("evidence:journal", _evidence_journal),
        "erasures": ("evidence:erasures", _nothing),
        "minimisation": ("evidence:minimisation", _nothing),
    },
    "insurer": {"list": ("administration:list_insurers", _nothing), "enrol": ("administration:enrol", _enrol)},
    "user": {
        "list": ("people:list_users", _nothing),
        "add": ("people:add_user", _user_add),
        "disable": ("people:disable_user", _user_id),
        "pin": ("people:change_pin", _user_pin),
        "unlock": ("people:give_tries_back", _user_unlock),
        "card": ("people:add_card", _login),
    },
    "key": {"recovery": ("keys:make_recovery_code", _login), "rotate": ("keys:rotate", _key_rotate)},
}
