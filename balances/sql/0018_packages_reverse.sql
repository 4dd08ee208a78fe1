drop trigger stamped on balances_balanceexception;
drop function balances_exception_stamped();
drop trigger part_stays on treatments_procedure;
drop function balances_part_stays();
drop trigger part on balances_charge;
drop function balances_charge_is_part();
