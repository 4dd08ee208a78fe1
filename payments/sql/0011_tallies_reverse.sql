drop function payments_fold();
drop trigger tally on balances_entry;
drop function payments_tally_money();
drop trigger tally_moved on payments_payment;
drop function payments_tally_moved();
drop trigger tally on payments_payment;
drop function payments_tally_new();
drop function payments_day(text, date);
