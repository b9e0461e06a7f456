"""Claims about clients that average layers."""
