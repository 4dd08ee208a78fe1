drop trigger parts_gone on treatments_procedure;
drop trigger parts on treatments_procedure;
drop trigger parts_cancelled on treatments_treatmentevent;
drop trigger parts on treatments_treatmentevent;
drop trigger parts on treatments_package;
drop function treatments_package_sum();
drop trigger package on treatments_treatmentevent;
drop function treatments_event_of_package();
