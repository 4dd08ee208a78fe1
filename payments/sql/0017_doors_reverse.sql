drop function clinic_of_gateway(varchar, varchar);
drop function clinic_of_payment_link(varchar);
