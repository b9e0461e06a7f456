"""The gate: what every file of a stranger passes before anything is made of it. SECURITY.md says what it promises."""
