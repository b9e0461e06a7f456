"""Jobs in this process, in processes and on Ray: one interface."""
