"""Papers of slips behind the fence; what was drawn never changes."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("deposits", "0006_slip_papers")]

    operations = [Fence("SlipPaper", "select, insert")]
