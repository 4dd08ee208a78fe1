"""What was said of payments without treatment, behind the fence: it is only ever added to."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("payments", "0026_attention"), ("treatments", "0002_fence")]

    operations = [Fence("PaymentContext", "select, insert")]
