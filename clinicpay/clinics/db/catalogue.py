"""Lints of the database's own catalogue: each is a question whose right answer is no row at all.

A finding is one line of text that names the table, constraint or function.
"""

import psycopg
from django.apps import apps
from django.db.models import Model

from clinicpay.clinics.db.operations import key_name
from clinicpay.clinics.models import TenantForeignKey, TenantModel

GLOBAL = {
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    "mfa_authenticator",
    "staff_user",
    "usersessions_usersession",
}
"""Tables of people, sign-in and Django: they belong to no clinic."""

DEFINERS = {
    "all_clinics()",
    "clinic_of_calendar(character varying)",
    "clinic_of_gateway(character varying,character varying)",
    "clinic_of_invitation(character varying)",
    "clinic_of_payment_link(character varying)",
    "create_clinic(character varying,character varying,character varying,character varying)",
    "ledger_apply()",
    "ledger_opened()",
    "ledger_stamp_posting()",
    "memberships_of(bigint)",
    "close_cashcount_agrees()",
    "close_dailyclose_locked()",
    "exports_export_content()",
    "followups_case_agrees()",
    "followups_plan_total()",
    "followups_writeoff_at_once()",
    "payments_account_renamed()",
    "payments_check_money(bigint,bigint)",
    "payments_fold()",
    "payments_gone_agrees()",
    "payments_money_agrees()",
    "payments_patient_renamed()",
    "payments_refund_agrees()",
    "payments_tally_money()",
    "payments_tally_moved()",
    "payments_tally_new()",
    "treatments_package_sum()",
}
"""The only functions that work with their owner's rights: doors before a clinic is known, and the ledger."""

TOTALS = {
    "balances_charge": {"outstanding", "credited", "written_off", "moved"},
    "balances_credit": {"available"},
    "patients_account": {"owes", "planned", "unapplied", "deposits", "held", "oldest_open"},
}
"""Columns that only the ledger's trigger moves, and the only ones that its role may update."""

APPEND_ONLY = {"audit_auditblock", "audit_auditevent", "balances_entry", "balances_posting"}

# Tenant tables are those with a clinic_id, and the clinics themselves, whose key is their id.
_TENANT = """
with tenant as (
  select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl, a.attnum, a.attnotnull,
         case c.relname when 'clinics_clinic' then 'id' else 'clinic_id' end as key
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
  join pg_attribute a on a.attrelid = c.oid
    and a.attname = case c.relname when 'clinics_clinic' then 'id' else 'clinic_id' end
  where c.relkind in ('r', 'p')
)
"""

_TENANT_TABLES = f"{_TENANT} select relname from tenant order by relname"  # noqa: S608 - both parts are ours

LINTS = {
    "unknown_table": """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'f') and relname <> all (%(global)s)
  and oid not in (select oid from tenant)""",
    "row_security": """
select relname from tenant where not (relrowsecurity and relforcerowsecurity)""",
    "policies": """
select t.relname || ': ' || coalesce(p.found, 'no policy') from tenant t
left join lateral (
  select string_agg(
    concat_ws(' ', policyname, permissive, roles, cmd, qual, with_check), E'\\n' order by policyname) found
  from pg_policies where schemaname = 'public' and tablename = t.relname) p on true
where p.found is distinct from format(
  E'owner_all PERMISSIVE {clinicpay_owner} ALL true true\\n'
  'tenant PERMISSIVE {clinicpay_app,clinicpay_ledger} ALL (%%1$s = ( SELECT app_clinic() AS app_clinic)) '
  '(%%1$s = ( SELECT app_clinic() AS app_clinic))', t.key)""",
    "policy_to_public": """
select tablename || '.' || policyname from pg_policies where 'public' = any (roles)""",
    "clinic_may_be_null": """
select relname from tenant where not attnotnull""",
    "foreign_key_without_clinic": """
select k.conrelid::regclass || '.' || k.conname from pg_constraint k
join tenant here on here.oid = k.conrelid
join tenant there on there.oid = k.confrelid
where k.contype = 'f' and not exists (
  select from unnest(k.conkey, k.confkey) as pair (mine, theirs)
  where pair.mine = here.attnum and pair.theirs = there.attnum)""",
    "unique_not_by_clinic": """
select i.indexrelid::regclass::text from pg_index i join tenant t on t.oid = i.indrelid
where i.indisunique and not i.indisprimary and t.key = 'clinic_id' and i.indkey[0] <> t.attnum""",
    "constraint_not_validated": """
select conrelid::regclass || '.' || conname from pg_constraint
where connamespace = 'public'::regnamespace and not (convalidated and conenforced)""",
    "trigger_disabled": """
select tgrelid::regclass || '.' || tgname from pg_trigger where tgenabled <> 'O'""",
    "view_past_the_policies": """
select oid::regclass::text from pg_class
where relnamespace = 'public'::regnamespace
  and (relkind = 'm' or relkind = 'v' and not coalesce(reloptions @> '{security_invoker=true}', false))""",
    "definer_not_listed": """
select oid::regprocedure::text from pg_proc
where pronamespace = 'public'::regnamespace and prosecdef and oid::regprocedure::text <> all (%(definers)s)""",
    "definer_search_path": """
select oid::regprocedure::text from pg_proc
where pronamespace = 'public'::regnamespace and prosecdef
  and not coalesce(proconfig && array['search_path=public, pg_temp', 'search_path=pg_catalog, pg_temp'], false)""",
    "definer_owner": """
select p.oid::regprocedure::text from pg_proc p join pg_roles r on r.oid = p.proowner
where p.pronamespace = 'public'::regnamespace and p.prosecdef
  and (r.rolsuper or r.rolbypassrls or r.rolname not in ('clinicpay_owner', 'clinicpay_ledger'))""",
    "history_may_change": """
select name || ': ' || what from unnest(%(append_only)s::text[]) as name
cross join (values ('update and delete', 1 | 2 | 8 | 16), ('truncate', 2 | 32)) as needed (what, bits)
where not exists (
  select from pg_trigger where tgrelid = name::regclass and tgfoid = 'append_only()'::regprocedure
    and (tgtype & bits) = bits and tgenabled = 'O' and tgqual is null)""",
    "app_moves_totals": """
select attrelid::regclass || '.' || attname from pg_attribute
where attrelid = any (%(total_tables)s::regclass[]) and attname = any (%(totals)s)
  and has_column_privilege('clinicpay_app', attrelid, attnum, 'update')""",
    "app_moves_rows": """
select relname || '.' || attname from tenant join pg_attribute a on a.attrelid = tenant.oid
where attname in ('id', 'clinic_id') and has_column_privilege('clinicpay_app', tenant.oid, a.attnum, 'update')""",
    "app_rights": """
select c.relname || ': ' || p.word from pg_class c
cross join unnest(array['truncate', 'references', 'trigger', 'maintain']) as p (word)
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'f')
  and has_table_privilege('clinicpay_app', c.oid, p.word)
union all
select 'create in schema ' || nspname from pg_namespace where has_schema_privilege('clinicpay_app', oid, 'create')
union all
select p.word || ' in the database' from unnest(array['create', 'temporary']) as p (word)
where has_database_privilege('clinicpay_app', current_database(), p.word)""",
    "ledger_rights": """
select t.relname || '.' || a.attname from tenant t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
where has_column_privilege('clinicpay_ledger', t.oid, a.attnum, 'insert')
   or has_table_privilege('clinicpay_ledger', t.oid, 'delete, truncate')
   or has_column_privilege('clinicpay_ledger', t.oid, a.attnum, 'update')
      and not (t.oid = any (%(total_tables)s::regclass[]) and a.attname = any (%(totals)s))""",
    "public_rights": """
select c.relname || ': ' || g.privilege_type from pg_class c cross join aclexplode(c.relacl) g
where c.relnamespace = 'public'::regnamespace and g.grantee = 0""",
    "foreign_owner": """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
  and relowner <> 'clinicpay_owner'::regrole""",
}

_KNOWN = {
    "global": sorted(GLOBAL),
    "definers": sorted(DEFINERS),
    "append_only": sorted(APPEND_ONLY),
    "total_tables": sorted(TOTALS),
    "totals": sorted(set().union(*TOTALS.values())),
}


def findings(connection: psycopg.Connection, lint: str) -> list[str]:
    """What one lint finds, in a connection that may read the whole catalogue."""
    return sorted(row[0] for row in connection.execute(_TENANT + LINTS[lint], _KNOWN))


def tenant_models() -> list[type[Model]]:
    """Every model whose rows belong to one clinic."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def tenant_tables(connection: psycopg.Connection) -> list[str]:
    """Every table behind the fence, as the catalogue has them."""
    return [row[0] for row in connection.execute(_TENANT_TABLES)]


def missing_tenant_keys(connection: psycopg.Connection, models: list[type[Model]]) -> list[str]:
    """References of tenant models that lack `foreign key (clinic_id, x_id) references x (clinic_id, id)`."""
    kept = {
        row[0]: row[1]
        for row in connection.execute(
            "select conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) "
            "from pg_constraint where contype = 'f'"
        )
    }
    wanted = {
        f"{model._meta.db_table}.{key_name(model._meta.db_table, field)}": (
            f"FOREIGN KEY (clinic_id, {field.column}) REFERENCES {field.related_model._meta.db_table}(clinic_id, id)"
        )
        for model in models
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    }
    return sorted(name for name, definition in wanted.items() if kept.get(name) != definition)


def loose_references(models: list[type[Model]]) -> list[str]:
    """References between tenant models that are plain foreign keys, which no constraint ties to the clinic."""
    return sorted(
        str(field)
        for model in models
        for field in model._meta.local_fields
        if isinstance(field.related_model, type)
        and issubclass(field.related_model, TenantModel)
        and not isinstance(field, TenantForeignKey)
    )
