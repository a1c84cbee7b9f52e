"""Jobs as durable workflows of DBOS: slots, heartbeats, recovery and garbage collection."""
