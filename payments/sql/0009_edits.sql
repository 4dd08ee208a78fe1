-- What is asked changes only while nothing is under way (payments/states.py EDITABLE); how it was paid is said once,
-- as it becomes Paid (S1.59). Other columns have no grant at all.
create function payments_payment_edits() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if (new.amount, new.account_id, new.kind, new.memo) is distinct from (old.amount, old.account_id, old.kind, old.memo)
     or (new.patient_id, new.payer_id, new.event_id, new.due_date)
        is distinct from (old.patient_id, old.payer_id, old.event_id, old.due_date) then
    if old.status not in ('draft', 'pending', 'failed') or new.status <> old.status then
      raise exception 'a payment that is % cannot be edited', old.status
        using errcode = '23514', constraint = 'payments_payment_locked';
    end if;
  end if;
  if (new.method, new.receipt_id, new.paid_at, new.location_id)
     is distinct from (old.method, old.receipt_id, old.paid_at, old.location_id)
     and not (new.status = 'paid' and old.status in ('pending', 'processing'))
     and not (old.status in ('draft', 'pending', 'failed') and new.status = old.status
              and (new.method, new.receipt_id, new.paid_at)
                  is not distinct from (old.method, old.receipt_id, old.paid_at)) then
    raise exception 'how payment % was paid is said once', old.number
      using errcode = '23514', constraint = 'payments_payment_locked';
  end if;
  return new;
end $$;

create trigger edits before update on payments_payment for each row execute function payments_payment_edits();

grant update (amount, account_id, patient_id, payer_id, event_id, location_id, kind, due_date, memo, method, receipt_id)
  on payments_payment to clinicpay_app;
