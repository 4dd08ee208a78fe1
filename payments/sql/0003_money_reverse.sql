drop trigger money_agrees on payments_payment;
drop function payments_money_agrees();
