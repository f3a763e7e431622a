"""A terminal that is enrolled with one insurer: these tests need no second one."""

from typing import Any

import pytest

from tests.shop_fixture import OpenShop, Shop


@pytest.fixture
def shop(open_shop: OpenShop, insurers: Any) -> Shop:
    """A terminal whose claims may leave at once."""
    return open_shop(with_insurers=insurers[:1])
