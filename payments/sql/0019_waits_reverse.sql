update balances_credit set waits = false where waits;
