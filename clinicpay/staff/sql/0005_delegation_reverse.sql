drop trigger kept on staff_delegation;
drop function staff_delegation_kept();
