-- The accounts that have money in hand, in one order; and what they had.
select a.id, a.owes, a.planned, a.unapplied, a.deposits, a.held from patients_account a
where a.clinic_id = %(clinic)s and exists (
  select 1 from balances_credit k where k.clinic_id = %(clinic)s and k.account_id = a.id and k.available > 0)
order by a.id for no key update
