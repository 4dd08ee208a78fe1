select coalesce(max(number), 0) from payments_payment where clinic_id = %(clinic)s
