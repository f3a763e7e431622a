"""What the shop keeps for itself: accounts and dossiers, readable only while somebody is logged in.

Rules: a dossier lies in the encrypted store, encrypted once more under the shop key, which only a person's PIN opens;
the sync service never has it. Names, NIRs and amounts are inside that second layer.
"""

from terminal.vault.accounts import Account, Accounts
from terminal.vault.dossiers import Dossier, Dossiers, Number
from terminal.vault.vault import Vault

__all__ = ["Account", "Accounts", "Dossier", "Dossiers", "Number", "Vault"]
