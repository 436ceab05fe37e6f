// Placeholder for the first commit of the layout.
