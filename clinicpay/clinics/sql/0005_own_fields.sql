grant update (custom_1, custom_2) on clinics_clinic to clinicpay_app;
