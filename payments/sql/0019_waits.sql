update balances_credit c set waits = true
  from payments_gatewaytask t
  where t.clinic_id = c.clinic_id and t.payment_id = c.payment_id and t.kind = 'late' and t.state = 'open'
    and c.kind in ('unapplied', 'deposit');
