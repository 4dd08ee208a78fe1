-- What a page of the payments list shows of its rows (decision 194). A look at each row by its key instead of joins, whose
-- plan takes longer than the rows do; and a function, since each session keeps the plan of it: planning the same statement
-- anew for each page took three times as long as running it. It runs as who asks, so the policies narrow it down.
create function payments_lines(wanted bigint[], free text[], held text, refunded text[])
returns table (pk bigint, number bigint, amount bigint, status varchar, due_date date, created_at timestamptz, memo varchar,
               name_key varchar, due_first date, due_last date, patient text, account varchar, treatment bigint,
               in_hand bigint[], gone bigint)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select p.id, p.number, p.amount, p.status, p.due_date, p.created_at, p.memo, p.name_key, p.due_first, p.due_last,
         (select btrim(first_name || ' ' || last_name) from patients_patient where id = p.patient_id),
         (select name from patients_account where p.patient_id is null and id = p.account_id),
         (select t.number from treatments_treatmentevent t where t.id = p.event_id),
         (select array[coalesce(sum(available) filter (where kind = any(free)), 0),
                       coalesce(sum(available) filter (where kind = held), 0),
                       coalesce(sum(available), 0)]::bigint[]
          from balances_credit where clinic_id = p.clinic_id and payment_id = p.id),
         case when p.status = any(refunded) then
           (select coalesce(sum(r.amount), 0)::bigint from payments_refund r
            where r.clinic_id = p.clinic_id and r.payment_id = p.id and r.status = 'succeeded' and r.reversed_at is null)
         else 0 end
  from payments_payment p where p.id = any(wanted);
end $$;
