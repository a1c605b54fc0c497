-- What finds the addresses that some clients have paid: orders that together are a list of an address's payers are found by it.
CREATE INDEX reference_of_handle ON reference (handle);
CREATE INDEX payment_of_payer ON payment (payer, address);
