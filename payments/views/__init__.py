"""Pages that show money: patients, treatments, the desk, payments, documents."""
