drop trigger stamped on balances_waiver;
drop function balances_waiver_stamped();
