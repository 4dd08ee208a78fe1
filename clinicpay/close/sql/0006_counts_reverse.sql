drop trigger agrees on close_cashcount;
drop trigger complete on close_cashcountline;
drop trigger is_open on close_cashcount;
drop function close_cashcount_agrees();
drop function close_cashcountline_complete();
drop function close_cashcount_open();
