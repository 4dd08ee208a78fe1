-- A line of the trail for each account whose totals have moved.
insert into audit_auditevent (
  clinic_id, actor, action, subject_type, subject_id, subject, before, after, reason, request_id, via, server_id, transaction_id)
select %(clinic)s, 'Nightly run', 'ledger.allocate', 'patients.account', a.id, a.name,
       jsonb_build_object('owes', b.owes, 'planned', b.planned, 'unapplied', b.unapplied, 'deposits', b.deposits, 'held', b.held),
       jsonb_build_object('owes', a.owes, 'planned', a.planned, 'unapplied', a.unapplied, 'deposits', a.deposits, 'held', a.held),
       '', '', '', 0, 0
from unnest(%(ids)s::bigint[], %(owes)s::bigint[], %(planned)s::bigint[], %(unapplied)s::bigint[], %(deposits)s::bigint[],
            %(held)s::bigint[]) as b (id, owes, planned, unapplied, deposits, held)
join patients_account a on a.clinic_id = %(clinic)s and a.id = b.id
where (a.owes, a.unapplied, a.deposits) <> (b.owes, b.unapplied, b.deposits) order by a.id
