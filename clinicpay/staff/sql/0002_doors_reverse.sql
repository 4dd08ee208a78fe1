drop function clinic_of_invitation(varchar);
drop function memberships_of(bigint);
