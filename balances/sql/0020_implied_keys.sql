-- A line's clinic is its posting's and a decision's is its run's: those composite keys prove it, and that the clinic exists.
-- A check of it row by row again cost a seventh of a night.
alter table balances_entry drop constraint balances_entry_clinic_id_ba3cc935_fk_clinics_clinic_id;
alter table balances_decision drop constraint balances_decision_clinic_id_be1fba0a_fk_clinics_clinic_id;
