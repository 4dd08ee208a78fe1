drop trigger oldest_open on balances_charge;
