"""One module per act at the counter; screens and the command line call these and nothing below them."""
