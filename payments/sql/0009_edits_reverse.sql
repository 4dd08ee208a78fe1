revoke update (amount, account_id, patient_id, payer_id, event_id, location_id, kind, due_date, memo, method, receipt_id)
  on payments_payment from clinicpay_app;
drop trigger edits on payments_payment;
drop function payments_payment_edits();
