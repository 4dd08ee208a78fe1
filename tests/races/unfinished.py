"""A process that records a payment and is killed before it commits: run by the test of request keys."""

import sys
import time
import uuid

import django

django.setup()

from balances.requests import Once  # noqa: E402 - models need a set-up Django
from clinicpay.clinics.models import Location  # noqa: E402
from clinicpay.clinics.scope import clinic_scope  # noqa: E402
from clinicpay.patients.models import Account  # noqa: E402
from clinicpay.staff.models import Membership  # noqa: E402
from payments.services import Order, Tender, record_payment  # noqa: E402
from payments.states import Method  # noqa: E402

clinic, user, account, location = (int(argument) for argument in sys.argv[1:5])
with clinic_scope(clinic, user):
    record_payment(
        Account.objects.get(pk=account),
        Order(location=Location.objects.get(pk=location), tenders=[Tender(Method.CASH, 1000)]),
        by=Membership.objects.select_related("clinic", "user").get(user=user),
        once=Once.of(uuid.UUID(sys.argv[5]), amount=1000),
    )
    sys.stdout.write("inserted, not committed\n")
    sys.stdout.flush()
    time.sleep(60)
