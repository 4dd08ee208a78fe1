alter table balances_decision add constraint balances_decision_clinic_id_be1fba0a_fk_clinics_clinic_id
  foreign key (clinic_id) references clinics_clinic (id) deferrable initially deferred;
alter table balances_entry add constraint balances_entry_clinic_id_ba3cc935_fk_clinics_clinic_id
  foreign key (clinic_id) references clinics_clinic (id) deferrable initially deferred;
