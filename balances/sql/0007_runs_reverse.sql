revoke update (left_out) on balances_decision from clinicpay_app;
revoke update (state, undone_at, accounts, done, changed) on balances_autoapplyrun from clinicpay_app;
drop trigger moves on balances_autoapplyrun;
drop function balances_run_moves();
