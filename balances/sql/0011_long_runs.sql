-- A long run is a worker's, who keeps how far it is; who asked for it may stop it, or let it go on.
grant update (asked_by_id, cursor, problem, stopped_at) on balances_autoapplyrun to clinicpay_app;

update balances_autoapplyrun set finished_at = started_at where state = 'preview' and finished_at is null;
