"""The parts from outside: one vendor, one file. Vendor exceptions end here."""
