"""Papers of day sheets behind the fence; what was drawn never changes."""

from django.db import migrations

from clinicpay.clinics.db.operations import Fence


class Migration(migrations.Migration):
    dependencies = [("close", "0007_sheet_papers")]

    operations = [Fence("SheetPaper", "select, insert")]
