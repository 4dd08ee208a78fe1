drop trigger begins on treatments_treatmentevent;
drop function treatments_event_begins();
