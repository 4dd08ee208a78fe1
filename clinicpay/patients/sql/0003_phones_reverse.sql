delete from patients_patientword where word ~ '^[0-9]{5,}$';
