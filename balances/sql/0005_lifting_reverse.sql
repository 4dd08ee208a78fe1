drop trigger lift on balances_closedday;
revoke update (reopened_at) on balances_closedday from clinicpay_app;
-- Before re-opening existed a lock was there or not: those that were lifted are not.
delete from balances_closedday where reopened_at is not null;
