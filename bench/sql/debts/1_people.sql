-- Accounts with a patient each.
with made as (
  insert into patients_account (clinic_id, number, kind, name, email, phone, address, external_ref,
                                owes, planned, unapplied, deposits, held)
  select %(clinic)s, n, 'patient', 'Account ' || n, '', '', '', '', 0, 0, 0, 0, 0 from generate_series(1, %(accounts)s) n
  returning id, number, name
)
insert into patients_patient (clinic_id, number, account_id, first_name, last_name, sex, email, phone, address, search_key,
                              external_ref, created_at)
select %(clinic)s, number, id, 'Account', number::text, '', '', '', '', 'account ' || number, '', now() from made order by made.number
