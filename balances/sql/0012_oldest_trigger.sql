create trigger oldest_open after update on balances_charge
  referencing old table as old_rows new table as new_rows for each statement execute function ledger_oldest_open();

update patients_account a set oldest_open = s.oldest
from (
  select c.clinic_id, c.account_id, min(i.invoice_date) as oldest
  from balances_charge c join balances_invoice i on i.clinic_id = c.clinic_id and i.id = c.invoice_id
  where c.outstanding > 0 group by 1, 2
) s
where a.clinic_id = s.clinic_id and a.id = s.account_id;
