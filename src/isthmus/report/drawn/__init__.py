"""Pictures for the page, which the reader's theme colours: SVG written out, without a plotting library."""
