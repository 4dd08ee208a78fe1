-- Payments that were entered in error: voided first, then their money goes out again.
update payments_payment set status = 'voided'
where clinic_id = %(clinic)s and number > %(payments)s and status = 'paid' and mod(number, 1000) < 4
