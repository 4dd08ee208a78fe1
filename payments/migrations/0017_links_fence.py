"""Links, checkouts and what gateways say behind the fence; the two doors of payers and gateways."""

from pathlib import Path

from django.db import migrations

from clinicpay.clinics.db.operations import Fence
from clinicpay.clinics.db.sql import run_sql_file

SQL = Path(__file__).resolve().parent.parent / "sql"
HEARD = "state, external_id, url, capture, captured, booked_id, seen_at"
DECIDED = "state, refund_id, decided_at, decided_by_id"


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_links")]

    operations = [
        Fence("GatewaySettings", "select, insert, update (gateway, secret, webhook_secret, changed_at)"),
        Fence("PaymentLink", "select, insert, update (revoked_at)"),
        Fence("Checkout", f"select, insert, update ({HEARD})"),
        Fence("GatewayEvent", "select, insert, update (outcome, tries, handled_at)"),
        Fence("GatewayRefund", "select, insert, update (state, external_id)"),
        Fence("GatewayTask", f"select, insert, update ({DECIDED})"),
        Fence("SimulatedCheckout", "select, insert, update (state, declined, refunds, dispute)"),
        run_sql_file(SQL / "0017_doors.sql"),
    ]
