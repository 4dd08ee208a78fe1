drop trigger locked on balances_closedday;
drop trigger locked on close_dailyclose;
drop trigger moves on close_dailyclose;
drop function close_dailyclose_locked();
drop function close_dailyclose_moves();
