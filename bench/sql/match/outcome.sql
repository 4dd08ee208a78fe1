-- What a night has come to, in the clinic's own numbers: equal clinics must give equal sums.
select md5(coalesce(string_agg(line, '|' order by line), '')), count(*) from (
  select p.number || '/' || coalesce(i.number::text, '') || '/' || d.amount || '/' || d.reason as line
  from balances_decision d join balances_credit k on k.id = d.credit_id join payments_payment p on p.id = k.payment_id
  left join balances_charge c on c.id = d.charge_id left join balances_invoice i on i.id = c.invoice_id
  where d.clinic_id = %(clinic)s
  union all
  select 'line ' || p.number || '/' || i.number || '/' || e.charge_delta
  from balances_entry e join balances_credit k on k.id = e.credit_id join payments_payment p on p.id = k.payment_id
  join balances_charge c on c.id = e.charge_id join balances_invoice i on i.id = c.invoice_id
  where e.clinic_id = %(clinic)s and e.kind = 'allocate'
  union all
  select 'account ' || number || '/' || owes || '/' || unapplied || '/' || deposits from patients_account where clinic_id = %(clinic)s
  union all
  select 'trail ' || t.subject || t.before::text || t.after::text from audit_auditevent t
  where t.clinic_id = %(clinic)s and t.action = 'ledger.allocate'
) found
