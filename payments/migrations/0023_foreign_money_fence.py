"""What the application may change of a task once its money is booked."""

from django.db import migrations

from clinicpay.clinics.db.operations import AddTenantForeignKey

GRANT = "grant update (payment_id) on payments_gatewaytask to clinicpay_app"
BOOKS = "grant update (currency) on payments_simulatedcheckout to clinicpay_app"


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_foreign_money")]

    operations = [
        AddTenantForeignKey("GatewayTask", "checkout"),
        migrations.RunSQL(GRANT, GRANT.replace("grant", "revoke").replace(" to ", " from ")),
        migrations.RunSQL(BOOKS, BOOKS.replace("grant", "revoke").replace(" to ", " from ")),
    ]
