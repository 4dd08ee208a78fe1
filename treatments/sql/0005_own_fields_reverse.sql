revoke update (custom_1, custom_2) on treatments_treatmentevent from clinicpay_app;
