drop statistics audit_combined;
