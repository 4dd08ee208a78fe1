grant update (reopened_at) on balances_closedday to clinicpay_app;
create trigger lift before update on balances_closedday for each row execute function ledger_close_day();
