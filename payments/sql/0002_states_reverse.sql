drop trigger moves on payments_payment;
drop function payments_payment_moves();
