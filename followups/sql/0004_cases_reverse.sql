drop trigger case_agrees on patients_account;
drop trigger case_agrees on followups_plan;
drop trigger agrees on followups_promise;
drop trigger agrees on followups_case;
drop trigger moves on followups_promise;
drop trigger moves on followups_case;
drop function followups_case_agrees();
drop function followups_promise_moves();
drop function followups_case_moves();
