"""All groups of figures, in the order in which their pages stand in the menu: a new card is a line here."""

from clinicpay.proof.credit import CLOSED, GLANCE
from clinicpay.proof.debt import ACCOUNTS, AGES, PAST, PLANS
from clinicpay.proof.payments import CARDS, PLACES
from clinicpay.proof.work import BANK, FOLLOWED

GROUPS = (CARDS, PLACES, CLOSED, AGES, PAST, ACCOUNTS, PLANS, GLANCE, BANK, FOLLOWED)
