drop trigger no_truncate on audit_auditevent;
drop trigger no_change on audit_auditevent;
drop trigger stamp on audit_auditevent;
drop function audit_stamp();
