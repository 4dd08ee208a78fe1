drop trigger moves on treatments_treatmentevent;
drop function treatments_event_moves();
