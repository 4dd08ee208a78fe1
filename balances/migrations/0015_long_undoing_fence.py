"""A worker keeps how far the undoing of a run is."""

from django.db import migrations

GRANT = "grant update (undoing_since, undo_reason, undone) on balances_autoapplyrun to clinicpay_app"


class Migration(migrations.Migration):
    dependencies = [("balances", "0014_long_undoing")]

    operations = [migrations.RunSQL(GRANT, GRANT.replace("grant", "revoke").replace(" to ", " from "))]
