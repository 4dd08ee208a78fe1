-- How persons, acts and kinds of record go together: without it the planner multiplies their shares, takes a rare
-- combination for a frequent one, and walks the whole trail back for it.
create statistics audit_combined (mcv, dependencies) on clinic_id, actor_id, action, subject_type from audit_auditevent;
