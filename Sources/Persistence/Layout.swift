// Placeholder for the first commit of the layout; replaced by the module's first file.
