revoke update (custom_1, custom_2) on clinics_clinic from clinicpay_app;
