"""Test cards, as the portal wants them: tokens only, never a card number (the guide's step 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A tokenised test card."""

    payment_method_id: str
    brand: str
    last4: str


CARDS: Mapping[str, Card] = MappingProxyType(
    {
        "visa": Card(payment_method_id="pm_card_visa", brand="visa", last4="4242"),
        "mastercard": Card(payment_method_id="pm_card_mastercard", brand="mastercard", last4="4444"),
        "amex": Card(payment_method_id="pm_card_amex", brand="amex", last4="8431"),
    }
)
