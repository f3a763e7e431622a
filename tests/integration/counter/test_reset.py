"""`comptoir reset`: who may, what is said, and the insurer's word that stands in for a receipt."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sync.home import open_home
from terminal.cli.demo_insurers import DemoInsurer
from terminal.domain.roles import Role
from terminal.vault import Account
from tests.integration.counter.test_command_line import Said, comptoir
from tests.shop_fixture import PIN, SHOP, USER, OpenShop, run_command


@pytest.fixture
def pin(tmp_path: Path) -> Path:
    """A file with the PIN."""
    (tmp_path / "pin").write_text(PIN)
    return tmp_path / "pin"


def test_a_terminal_ends_when_its_insurers_have_all(
    open_shop: OpenShop, insurers: Sequence[DemoInsurer], pin: Path, tmp_path: Path
) -> None:
    """Unsent, then numbered without receipt, then by the insurer's own head; a member of staff may not."""
    shop = open_shop()
    shop.desk.vault.accounts.add(Account("sacha", "Sacha B.", Role.STAFF), PIN, shop.desk.vault.seed)
    sent = shop.counter.submit(shop.draft()).claim_id
    home, device = shop.home, shop.desk.home.signer.kid

    def ask(*more: str, user: str = USER, am: str = SHOP) -> Said:
        return comptoir("reset", "--shop", am, "--user", user, "--pin-file", pin, "--home", home, *more)

    assert [ask("--check", user="sacha").code, ask(am="991000027").code] == ["role_refused", "shop_differs"]
    assert (ask().code, ask("--head", "nonsense").code) == ("claims_unsent", "input_invalid")
    amc = shop.desk.home.outbox.get(sent).insurer
    shop.desk.home.outbox.dispatch(amc, [sent], shop.desk.home.signer, shop.desk.now() + timedelta(minutes=1))
    assert ask().code == "claims_unreceived"
    folder = next(one.folder for one in insurers if one.amc == amc)
    before = run_command("terminals", "head", "--dir", str(folder), f"--device={device}")
    assert before == {"device": device, "seq": 0, "head": "0" * 64, "highest": 0}
    assert ask("--head", f"{amc}=0:{before['head']}").code == "head_differs"
    shop.desk.home.outbox.hurry()
    assert comptoir("sync", "--once", "--home", home).data["acknowledged"] == 1
    after = run_command("terminals", "head", "--dir", str(folder), f"--device={device}")
    receipt = tmp_path / "receipt.json"
    checked = ask("--check", "--head", f"{amc}={after['seq']}:{after['head'].upper()}", "--receipt", str(receipt))
    assert checked.data["statement"]["chains"] == {amc: {"seq": 1, "head": after["head"]}}
    open_home(home).close()
    shop.desk.vault.lock()
    done = ask("--receipt", str(receipt))
    assert (done.status, done.data["reset"]) == (0, True)
    assert not any(home.iterdir())
    assert "signed" in receipt.read_text()
