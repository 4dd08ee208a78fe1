drop trigger owes_for_nobody on patients_account;
drop function patients_account_kind();
drop trigger owed_for on patients_patient;
drop function patients_patient_owed_for();
