drop trigger renamed on patients_account;
drop function payments_account_renamed();
drop trigger renamed on patients_patient;
drop function payments_patient_renamed();
drop trigger named on payments_payment;
drop function payments_payment_named();
drop function payments_folded(text);
