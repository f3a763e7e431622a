"""What every test folder may use: the virtual reader behind a real pcscd, real shops with their insurers, and time.

Rules: a property is never failed for being slow on a busy machine.
"""

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.pcscd_fixture", "tests.shop_fixture", "tests.token_fixture")

settings.register_profile("comptoir", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("comptoir")
