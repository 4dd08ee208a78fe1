grant update (custom_1, custom_2) on treatments_treatmentevent to clinicpay_app;
