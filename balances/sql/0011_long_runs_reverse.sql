revoke update (asked_by_id, cursor, problem, stopped_at) on balances_autoapplyrun from clinicpay_app;
