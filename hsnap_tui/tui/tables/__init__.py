"""Tables: columns as data, the table model, the table of servers."""
