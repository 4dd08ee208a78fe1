drop trigger reviewed on treatments_treatmentevent;
drop trigger agrees on close_eventreview;
drop function close_event_reviewed();
drop function close_eventreview_agrees();
drop function close_event_money(bigint);
drop function close_evidence(bigint[]);
