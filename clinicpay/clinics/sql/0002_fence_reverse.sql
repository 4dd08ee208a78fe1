drop function append_only();
drop function create_clinic(varchar, varchar, varchar, varchar);
drop function all_clinics();
drop function app_user();
drop function app_clinic();
