-- Treatments of the events first … last: one patient each, one to three procedures of the price list.
-- They come in complete, so each carries an id of its source, as imported ones do.
-- Every choice hangs on the event's number and the seed alone, so that the same seed gives the same clinic.
with made as (
  insert into treatments_treatmentevent (
    clinic_id, number, patient_id, practitioner_id, location_id, service_at, discipline, title, state, origin,
    clinical_notes, closed_at, external_ref, created_at)
  select %(clinic)s, e.number, p.id,
         (%(practitioners)s::bigint[])[1 + mod(e.roll >> 4, cardinality(%(practitioners)s::bigint[]))],
         (%(locations)s::bigint[])[1 + mod(e.roll >> 8, cardinality(%(locations)s::bigint[]))],
         e.at, 'General', '', 'closed', 'standard', '', e.at, 'bench ' || e.number, e.at
  from (
    select n as number, hashint8extended(n, %(seed)s) & 9223372036854775807 as roll,
           %(begins)s::timestamptz + n * %(pace)s::interval as at
    from generate_series(%(first)s::bigint, %(last)s::bigint) n
  ) e
  join patients_patient p on p.number = 1 + mod(e.roll >> 12, %(patients)s)
  order by e.number
  returning id, number
)
insert into treatments_procedure (clinic_id, event_id, line, code, description, fee, external_ref)
select %(clinic)s, w.id, w.line, (%(codes)s::text[])[w.price], (%(names)s::text[])[w.price], (%(fees)s::bigint[])[w.price], ''
from (
  select m.id, m.number, line,
         1 + mod(hashint8extended(m.number * 4 + line, %(seed)s + 1) & 9223372036854775807, cardinality(%(codes)s::text[])) as price
  from made m
  cross join lateral generate_series(1, 1 + mod(hashint8extended(m.number, %(seed)s + 2) & 9223372036854775807, 3)::int) line
) w
order by w.number, w.line
